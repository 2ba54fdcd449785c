"""Run by ``nameko shell`` through PYTHONSTARTUP: puts our helpers beside its ``n``."""

from ordering_platform.cli.prompt import order, orders, pp, promo, tables

__all__ = ["order", "orders", "pp", "promo", "tables"]

print("At hand: n.rpc, orders(), order('A101'), tables(), promo('WELCOME10'), pp(...)")  # noqa: T201  a greeting
