"""How well birds are named when their photos are small: python -m classify.evaluate.

A program like app.py: it brings super-resolution and naming together.
"""
