"""The doors of the order service by subject; service.py puts them together."""
