"""The page, part by part; `app.py` puts the parts together."""
