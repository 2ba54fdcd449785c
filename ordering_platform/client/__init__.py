"""A thin Python client for programs that speak with the platform."""
