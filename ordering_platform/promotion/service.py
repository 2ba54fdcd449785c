"""The promotion service: doors, what payment asks of it and what runs by the clock, and nothing else."""

from __future__ import annotations

from typing import Any

from ordering_platform.promotion import inquiry, offers, tries, usage
from ordering_platform.promotion.doors import batches as batch_doors
from ordering_platform.promotion.doors import carts as cart_doors
from ordering_platform.promotion.doors import codes as code_doors
from ordering_platform.promotion.doors import promotions as promotion_doors
from ordering_platform.promotion.models import idempotency_keys
from ordering_platform.runtime.database import Database
from ordering_platform.runtime.entrypoints import rpc, timer
from ordering_platform.runtime.idempotency import forget
from ordering_platform.runtime.peers import Peer


class PromotionService(
    promotion_doors.PromotionDoors, code_doors.CodeDoors, batch_doors.BatchDoors, cart_doors.CartDoors
):
    """Promotions, their codes, what they take off an order and how often they may."""

    name = "promotion"

    db: Any = Database()
    order: Any = Peer("order")

    @rpc(callers=("payment",))
    def evaluate(self, **order: Any) -> dict[str, Any]:
        """Give the discounts of an order in minor units; changes no use. See ``inquiry.read`` for the arguments."""
        return offers.evaluate(self.db, inquiry.read(**order))

    @rpc(callers=("payment",))
    def apply(self, *, bill_id: str, **order: Any) -> dict[str, Any]:
        """Reserve the promotions of a bill; idempotent by the bill."""
        return usage.apply(self.db, bill_id, inquiry.read(**order))

    @rpc(callers=("payment",))
    def confirm(self, *, bill_id: str) -> dict[str, Any]:
        """Keep what a bill reserved: it is paid."""
        with self.db.single() as tx:
            return usage.confirm(tx, bill_id)

    @rpc(callers=("payment",))
    def release(self, *, bill_id: str) -> dict[str, Any]:
        """Give back what a bill reserved, and turn away an ``apply`` that comes later."""
        with self.db.single() as tx:
            return usage.release(tx, bill_id)

    @rpc(callers=("payment",))
    def reverse(self, *, bill_id: str, reason: str = "full_refund") -> dict[str, Any]:
        """Give back the uses of a paid bill as far as its promotions say so."""
        with self.db.single() as tx:
            return usage.reverse(tx, bill_id, reason)

    @timer(3600.0)
    def forget_what_is_over(self) -> None:
        """Remove counters of wrong codes, and keys of requests, whose time is over."""
        with self.db.single() as tx:
            tries.forget(tx)
        with self.db.single() as tx:
            forget(tx, idempotency_keys)
