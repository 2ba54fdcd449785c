"""What a guest's way from scan to paid costs: CPU, time, statements and memory. Run by ``make bench``.

Nothing here is a test: figures of a shared machine prove nothing, ratios within one run do.
"""
