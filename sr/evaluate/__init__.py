"""Measuring every method on folders of photos: `python -m sr.evaluate`."""
