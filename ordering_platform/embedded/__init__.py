"""The whole platform in one process: a private PostgreSQL, an in-process broker and all five services."""
