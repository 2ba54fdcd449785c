"""Venue, tables, table sessions, menu, orders, their status and their events."""
