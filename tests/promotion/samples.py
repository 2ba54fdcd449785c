"""Promotions, lines and orders for tests: plain functions with overrides."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from ordering_platform.promotion import document, inquiry, promotions
from ordering_platform.promotion.evaluation import Candidate, Outcome, evaluate
from ordering_platform.promotion.rules.basket import Line
from ordering_platform.promotion.visit import Visit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ordering_platform.promotion.document import Promotion
    from ordering_platform.promotion.inquiry import Inquiry
    from ordering_platform.runtime.database import Transactions

VENUE = "ven_test"
TEN_PERCENT = {"percent_bps": 1000, "on": "order"}
FIVE_OFF = {"amount": {"EUR": 500}, "on": "order"}
MONDAY_NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def written(reward: Mapping[str, Any] = TEN_PERCENT, **blocks: Any) -> dict[str, Any]:
    """Write a document; ``condition`` stands for ``if``."""
    named = {"if" if name == "condition" else name: block for name, block in blocks.items()}
    return {"name": "Offer", "trigger": "auto", "reward": dict(reward), **named}


def promotion(reward: Mapping[str, Any] = TEN_PERCENT, *, id: str = "prm_1", **blocks: Any) -> Promotion:  # noqa: A002  as in the document
    return document.read(id, 1, written(reward, **blocks))


def line(gross: int, id: str = "a", **values: Any) -> Line:  # noqa: A002  as in the contract
    quantity = values.pop("quantity", 1)
    given = {
        "menu_item_id": f"itm_{id}",
        "category_id": "cat_food",
        "tags": frozenset(values.pop("tags", ())),
        "unit": gross // quantity,
        **values,
    }
    return Line(id=id, quantity=quantity, gross=gross, **given)


def visit(**values: Any) -> Visit:
    given: dict[str, Any] = {
        "currency": "EUR",
        "digits": 2,
        "zone": ZoneInfo("Europe/Berlin"),
        "now": MONDAY_NOON,
        "order_type": "dine_in",
        "table_id": "tbl_1",
        "guest_id": "gst_1",
    }
    return Visit(**{**given, **values})


def decided(offers: list[Promotion], lines: list[Line], **circumstances: Any) -> Outcome:
    """Evaluate promotions nobody has used yet."""
    return evaluate([Candidate(one) for one in offers], lines, visit(**circumstances))


def discounts(outcome: Outcome) -> dict[str, int]:
    """Give what each promotion takes off."""
    return {one.candidate.promotion.id: one.discount for one in outcome.applied}


def reasons(outcome: Outcome) -> dict[str, str]:
    """Give why the others do not apply."""
    return {candidate.promotion.id: reason.code for candidate, reason in outcome.refused}


def sent(*grosses: int, **values: Any) -> dict[str, Any]:
    """Write the arguments of an RPC about an order with lines of these amounts (one line of 10.00 without any)."""
    lines = [
        {
            "id": f"lin_{place}",
            "order_id": "ord_1",
            "menu_item_id": f"itm_{place}",
            "category_id": "cat_food",
            "tags": [],
            "name": "Dish",
            "quantity": 1,
            "unit_minor": gross,
            "gross_minor": gross,
            "tax_ppm": 190_000,
            "discountable": True,
        }
        for place, gross in enumerate(grosses or (1000,))
    ]
    given: dict[str, Any] = {
        "venue_id": VENUE,
        "currency": "EUR",
        "currency_digits": 2,
        "time_zone": "Europe/Berlin",
        "now": None,
        "codes": [],
        "table_id": "tbl_1",
        "order_type": "dine_in",
        "guest_id": "gst_1",
        "lines": lines,
    }
    return {**given, **values}


def asked(*grosses: int, **values: Any) -> Inquiry:
    return inquiry.read(**sent(*grosses, **values))


def put(db: Transactions, reward: Mapping[str, Any] = TEN_PERCENT, *, venue_id: str = VENUE, **blocks: Any) -> str:
    """Create a promotion in the database and give its id; with ``codes`` its trigger is the code."""
    body = written(reward, **{"trigger": "code" if "codes" in blocks else "auto", **blocks})
    with db.transaction() as tx:
        return str(promotions.create(tx, venue_id, "usr_manager", body)["id"])
