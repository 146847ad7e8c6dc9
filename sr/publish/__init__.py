"""python -m sr.publish: a finished run of `python -m sr.train` as a repository on the Hub."""
