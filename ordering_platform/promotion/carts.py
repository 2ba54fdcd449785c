"""Between the HTTP doors, which speak of money, and the verbs, which count minor units of one currency."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ordering_platform.promotion import inquiry
from ordering_platform.runtime.clock import rfc3339
from ordering_platform.runtime.errors import FieldError, ValidationFailed
from ordering_platform.runtime.money import digits, money

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ordering_platform.promotion.inquiry import Inquiry

_MINOR = "_minor"


def read(venue_id: str, body: Mapping[str, Any]) -> Inquiry:
    """Read a cart of an HTTP body; raises ValidationFailed for two currencies in one cart, or an unknown one."""
    currency = body["lines"][0]["unit_price"]["currency"]
    faults = [
        FieldError(f"/lines/{place}/unit_price/currency", "currency", "Send one ISO 4217 currency for all lines.")
        for place, line in enumerate(body["lines"])
        if line["unit_price"]["currency"] != currency or not _is_currency(currency)
    ]
    if faults:
        raise ValidationFailed(errors=faults)
    return inquiry.read(
        venue_id=venue_id,
        currency=currency,
        currency_digits=digits(currency),
        time_zone=body["time_zone"],
        now=rfc3339(body["now"]) if body["now"] else None,
        codes=body["codes"],
        table_id=body["table_id"],
        order_type=body["order_type"],
        guest_id=body["guest_id"],
        first_order=body["first_order"],
        lines=[_line(place, line) for place, line in enumerate(body["lines"])],
        # Staff try codes as they like.
        counted=False,
    )


def _line(place: int, line: Mapping[str, Any]) -> dict[str, Any]:
    unit = line["unit_price"]["amount"]
    return {
        **line,
        "id": line.get("id") or f"line_{place}",
        "unit_minor": unit,
        "gross_minor": unit * line["quantity"],
    }


def _is_currency(code: str) -> bool:
    try:
        digits(code)
    except ValueError:
        return False
    return True


def shown(value: Any, currency: str) -> Any:
    """Give an answer of the verbs as the API shows it: each ``..._minor`` as money."""
    if isinstance(value, dict):
        return {
            name.removesuffix(_MINOR): money(inner, currency) if name.endswith(_MINOR) else shown(inner, currency)
            for name, inner in value.items()
        }
    return [shown(inner, currency) for inner in value] if isinstance(value, list) else value
