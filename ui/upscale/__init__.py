"""The Upscale tab."""
