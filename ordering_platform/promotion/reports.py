"""How a promotion has been used: its limits, and the bills behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from ordering_platform.promotion import document
from ordering_platform.promotion.limits import BUDGET, CODE, CUSTOMER, DAY, TOTAL
from ordering_platform.promotion.models import reservations, usage_counters, uses
from ordering_platform.runtime.clock import rfc3339
from ordering_platform.runtime.money import money
from ordering_platform.runtime.paging import page, uncursor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.engine import Connection

_LATEST_DAYS = 31


def usage(
    tx: Connection, promotion_id: str, limits: Mapping[str, Any], limit: int, after: str | None
) -> dict[str, Any]:
    """Give the counters of a promotion that its venue knows, and a page of its uses, the newest bill first."""
    return {"counters": _counters(tx, promotion_id, limits), **_uses(tx, promotion_id, limit, after)}


def _counters(tx: Connection, promotion_id: str, limits: Mapping[str, Any]) -> list[dict[str, Any]]:
    allowed = document.Limits.read(limits)
    by_scope = {TOTAL: allowed.total, DAY: allowed.per_day}
    counted = (
        sa.select(usage_counters.c.scope, usage_counters.c.key, usage_counters.c.used)
        .where(usage_counters.c.promotion_id == promotion_id, usage_counters.c.scope.not_in((CUSTOMER, CODE)))
        .order_by(usage_counters.c.scope, usage_counters.c.key.desc())
        .limit(_LATEST_DAYS)
    )
    budget = allowed.budget.by_currency if allowed.budget else {}
    return [
        {
            "scope": row.scope,
            "key": row.key,
            "used": row.used,
            "limit": budget.get(row.key) if row.scope == BUDGET else by_scope[row.scope],
        }
        for row in tx.execute(counted)
    ]


def _uses(tx: Connection, promotion_id: str, limit: int, after: str | None) -> dict[str, Any]:
    query = (
        sa.select(uses, reservations.c.state, reservations.c.created_at)
        .join(reservations, reservations.c.bill_id == uses.c.bill_id)
        .where(uses.c.promotion_id == promotion_id)
        .order_by(uses.c.bill_id.desc())
        .limit(limit + 1)
    )
    if after:
        query = query.where(uses.c.bill_id < uncursor(after, (str,))[0])
    rows = [
        {
            "bill_id": row.bill_id,
            "version": row.version,
            "code": row.code,
            "guest_id": row.guest_id,
            "state": row.state,
            "discount": money(row.discount_minor, row.currency),
            "at": rfc3339(row.created_at),
        }
        for row in tx.execute(query)
    ]
    return page(rows, limit, lambda row: [row["bill_id"]])
