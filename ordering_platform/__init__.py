"""Ordering at the table by QR code: five Nameko services in one package."""

__version__ = "0.1.0"
