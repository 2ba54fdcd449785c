"""Reports: what a business day was, added up from its receipts."""
