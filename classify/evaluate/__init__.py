"""How well birds are named when their photos are small: python -m classify.evaluate."""
