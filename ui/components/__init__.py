"""What the page is made of, component by component."""
