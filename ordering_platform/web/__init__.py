"""The pages guests and staff see: static files, no Python."""
