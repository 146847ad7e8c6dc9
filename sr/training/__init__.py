"""Training: a library of photos, crops and their degradation, stages, and runs that go on.

`python -m sr.train` puts these together. Nothing of the app imports this.
"""
