"""Promotions, their codes, what they take off a bill and how often they may."""
