"""Receipts: numbered in one series a day, kept as they were printed, shown under a link nobody can guess."""
