"""PURE: how a receipt is numbered, and the link under which its guest finds it again."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

PATH = "/v1/receipts/"
# The day on the venue's wall at ``moment``, where the hours before its close still belong to the day before.
BUSINESS_DATE = """
    CAST(({moment} AT TIME ZONE (b.venue ->> 'time_zone'))
         - CAST(b.venue ->> 'business_day_close' AS int) * interval '1 hour' AS date)
"""


def shown_number(business_date: date, number: int) -> str:
    """Write the number of a receipt: the business day, then the place in its series, ``2026-11-23-0042``."""
    return f"{business_date:%Y-%m-%d}-{number:04d}"


def link(bill: Mapping[str, Any]) -> str | None:
    """Give the address of a bill's receipt, or None where there is none: not paid yet, or a rehearsal."""
    if bill["status"] != "completed" or bill["rehearsal"] or not bill["receipt_secret"]:
        return None
    return f"{PATH}{bill['id']}-{bill['receipt_secret']}"


def parted(token: str) -> tuple[str, str]:
    """Part the last segment of a receipt's address into the id of the bill and what cannot be guessed."""
    bill_id, _, secret = token.partition("-")
    return bill_id, secret


def opens(secret: str, kept: str | None) -> bool:
    """Whether a secret is the one that was kept; takes as long for a near miss as for any other."""
    return hmac.compare_digest(secret.encode(), (kept or "").encode()) and bool(kept)
