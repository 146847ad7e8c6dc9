"""Methods side by side: how a photo is restored by each, and how good the results are."""
