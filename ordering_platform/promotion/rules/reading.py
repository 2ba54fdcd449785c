"""How a rule reads its parameters from a document: bounds on everything, faults with the field at fault. PURE."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ordering_platform.promotion.rules.basket import Amounts, Selector
from ordering_platform.runtime.money import digits

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAX_AMOUNT = 10**12
MAX_UNITS = 1000
ID = re.compile(r"^[a-z]{2,5}_[0-9a-z_]{1,58}$")
_TAG_LENGTH = 60
_LONGEST_LIST = 200


class ParameterInvalid(ValueError):
    """A parameter of a reward is missing or out of bounds."""

    def __init__(self, field: str, code: str, sentence: str) -> None:
        """Name the field, a stable code and what to send instead."""
        super().__init__(f"{field}: {sentence}")
        self.field = field
        self.code = code
        self.sentence = sentence


@contextmanager
def inside(pointer: str) -> Iterator[None]:
    """Let the faults of a nested object name the way to it."""
    try:
        yield
    except ParameterInvalid as fault:
        field = f"{pointer}/{fault.field}" if fault.field else pointer
        raise ParameterInvalid(field, fault.code, fault.sentence) from None


def only(reward: Mapping[str, Any], *known: str) -> None:
    """Refuse parameters the rule does not know."""
    for field in reward:
        if field not in known:
            raise ParameterInvalid(field, "unknown", "This field is not known here; remove it.")


def whole(reward: Mapping[str, Any], field: str, lowest: int, highest: int) -> int:
    """Read a whole number between bounds."""
    value = reward.get(field)
    if type(value) is not int:
        raise ParameterInvalid(field, "wrong_type", "Send a whole number here.")
    if not lowest <= value <= highest:
        raise ParameterInvalid(field, "range", f"Send a whole number from {lowest} to {highest}.")
    return value


def units(data: Mapping[str, Any]) -> int:
    """Read how many units are meant; one where nothing is said."""
    return whole(data, "quantity", 1, MAX_UNITS) if "quantity" in data else 1


def groups(reward: Mapping[str, Any]) -> int | None:
    """Read how many times one order may have the reward; None is as often as it fits."""
    return whole(reward, "max_groups", 1, MAX_UNITS) if "max_groups" in reward else None


def table(reward: Mapping[str, Any], field: str) -> Mapping[str, Any]:
    """Read a nested object."""
    value = reward.get(field)
    if not isinstance(value, dict):
        raise ParameterInvalid(field, "wrong_type", "Send a JSON object here.")
    return value


def objects(reward: Mapping[str, Any], field: str, most: int) -> list[Mapping[str, Any]]:
    """Read a list of nested objects, at least one."""
    value = reward.get(field)
    if not isinstance(value, list) or not 0 < len(value) <= most:
        raise ParameterInvalid(field, "length", f"Send a list of 1 to {most} objects.")
    for place, entry in enumerate(value):
        if not isinstance(entry, dict):
            raise ParameterInvalid(f"{field}/{place}", "wrong_type", "Send a JSON object here.")
    return value


def id_of(data: Mapping[str, Any], field: str) -> str:
    """Read the id of something."""
    value = data.get(field)
    if not isinstance(value, str) or not ID.match(value):
        raise ParameterInvalid(field, "id", "Send an id such as itm_01k9m2x7q4w8z6t1v5b3n0c8d2.")
    return value


def word(reward: Mapping[str, Any], field: str, choices: tuple[str, ...]) -> str:
    """Read one of a few words; the first is meant where nothing is said."""
    value = reward.get(field, choices[0])
    if value not in choices:
        raise ParameterInvalid(field, "choice", f"Send one of: {', '.join(choices)}.")
    return str(value)


def amounts(reward: Mapping[str, Any], field: str) -> Amounts:
    """Read amounts above zero by currency."""
    value = reward.get(field)
    if not isinstance(value, dict) or not value:
        raise ParameterInvalid(field, "wrong_type", 'Send amounts by currency, such as {"EUR": 500}.')
    for currency, amount in value.items():
        if not _is_currency(currency):
            raise ParameterInvalid(f"{field}/{currency}", "currency", "Send an ISO 4217 code such as EUR.")
        if type(amount) is not int or not 0 < amount <= MAX_AMOUNT:
            raise ParameterInvalid(f"{field}/{currency}", "range", f"Send whole minor units from 1 to {MAX_AMOUNT}.")
    return Amounts(dict(value))


def selector(reward: Mapping[str, Any], field: str, *, or_order: bool = False) -> Selector:
    """Read a choice of lines; ``or_order`` also takes the word ``order`` and silence for all of them."""
    value = reward.get(field)
    if or_order and (value is None or value == "order"):
        return Selector()
    with inside(field):
        return choice(value)


def choice(value: Any) -> Selector:
    """Read a choice of lines that stands by itself."""
    if not isinstance(value, dict) or not value:
        raise ParameterInvalid("", "wrong_type", 'Send a choice of items such as {"categories": ["cat_..."]}.')
    for name, entry in value.items():
        if name == "max_unit_price":
            amounts(value, name)
        else:
            _check_entry(name, entry)
    return Selector.read(value)


def _check_entry(pointer: str, entry: Any) -> None:
    if pointer not in {"menu_items", "categories", "tags", "exclude_menu_items"}:
        raise ParameterInvalid(pointer, "unknown", "This field is not known here; remove it.")
    if not isinstance(entry, list) or not 0 < len(entry) <= _LONGEST_LIST:
        raise ParameterInvalid(pointer, "length", f"Send a list of 1 to {_LONGEST_LIST} entries.")
    for place, value in enumerate(entry):
        fits = isinstance(value, str) and (
            0 < len(value) <= _TAG_LENGTH if pointer == "tags" else ID.match(value) is not None
        )
        if not fits:
            raise ParameterInvalid(f"{pointer}/{place}", "invalid", "Send an id, or a tag of 1 to 60 characters.")


def _is_currency(text: Any) -> bool:
    try:
        digits(text)
    except ValueError:
        return False
    return True
