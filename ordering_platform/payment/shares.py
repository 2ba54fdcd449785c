"""The parts of bills that payments hold: written with the payment that takes them, gone with one that fails."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from ordering_platform.payment.models import bill_shares

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy.engine import Connection

    from ordering_platform.payment.splitting import Part

Held = dict[str, str]


def held(tx: Connection, bills: Iterable[Mapping[str, Any]]) -> Mapping[str, Held]:
    """Give who holds what: for each bill its parts by name, with the payment that holds each.

    Bills that nobody has begun to share cost no statement.
    """
    found: dict[str, Held] = defaultdict(dict)
    shared = [bill["id"] for bill in bills if bill["split"] is not None]
    if shared:
        rows = sa.select(bill_shares.c.bill_id, bill_shares.c.part, bill_shares.c.payment_id)
        for row in tx.execute(rows.where(bill_shares.c.bill_id.in_(shared))):
            found[row.bill_id][row.part] = row.payment_id
    return found


def take(tx: Connection, bill_id: str, payment_id: str, parts: Sequence[Part]) -> None:
    """Write that a payment holds these parts; the primary key lets nobody hold one that another payment has."""
    if parts:
        row = {"bill_id": bill_id, "payment_id": payment_id}
        tx.execute(sa.insert(bill_shares), [{**row, "part": one.name, "amount_minor": one.minor} for one in parts])
