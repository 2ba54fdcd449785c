"""The only public door: routing, identity, error shape, rate limits and the web pages."""
