"""How several people share one bill: equal parts, chosen lines and parts of a line, exact to the cent. PURE.

A bill is shared in one way at a time: the first who takes a part decides, and the last part given back lets the
next one decide anew. All that is left may be paid at any time, so whoever stays can always finish the bill.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ordering_platform.payment.errors import (
    AmountOverDue,
    CurrencyMismatch,
    LineNotOnBill,
    NothingDue,
    NothingToPay,
    ShareTaken,
    SplitDiffers,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

MAX_PARTS: Final = 1000
MAX_PARTS_OF_A_LINE: Final = 100


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a bill: the ``number``-th ``of`` so many of all of it or, with a ``line_id``, of one line."""

    line_id: str | None
    number: int
    of: int
    minor: int

    @property
    def name(self) -> str:
        """What no other part of this bill is called."""
        return part_name(self.line_id, self.number, self.of)


@dataclass(frozen=True, slots=True)
class Claim:
    """What a payment takes on: its amount in minor units, the parts that make it up, the way the bill is shared."""

    minor: int
    parts: tuple[Part, ...] = ()
    split: Mapping[str, Any] | None = None


def share(minor: int, number: int, of: int) -> int:
    """Give the ``number``-th of equal parts; the first ones are a unit larger, and all together are the amount."""
    return minor // of + (number <= minor % of)


def part_name(line_id: str | None, number: int, of: int) -> str:
    """Name a part: ``2/3`` of the bill, ``lin_…:1/2`` of a line."""
    return f"{line_id}:{number}/{of}" if line_id else f"{number}/{of}"


def line_prices(quote: Mapping[str, Any]) -> dict[str, int]:
    """Give what each line adds to the bill, service and tax included; together that is the bill."""
    return {line["line_id"]: line["total"]["amount"] for line in quote["lines"]}


def shared_by(held: Collection[str]) -> dict[str, int]:
    """Give by how many each line is shared of which a part is held."""
    found = {}
    for name in held:
        line_id, _, fraction = name.rpartition(":")
        if line_id:
            found[line_id] = int(fraction.partition("/")[2])
    return found


def due(bill: Mapping[str, Any]) -> int:
    """Give what nobody has begun to pay, in minor units."""
    return int(bill["total_minor"] - bill["paid_minor"] - bill["pending_minor"])


def claim(bill: Mapping[str, Any], held: Collection[str], wish: Mapping[str, Any]) -> Claim:
    """Say what a payment takes on of a bill of which these parts are held.

    ``wish`` names ``equal``, ``lines`` or an ``amount``, or nothing for all that is left. Raises NothingDue,
    ShareTaken, SplitDiffers, LineNotOnBill, CurrencyMismatch, AmountOverDue and NothingToPay.
    """
    left = due(bill)
    if not left:
        raise NothingDue
    split = bill["split"] if held else None
    if wish.get("equal"):
        made = _equal_parts(split or {"kind": "equal", "minor": left, "parts": wish["equal"]["parts"]}, held, wish)
    elif wish.get("lines"):
        made = _lines(split or {"kind": "lines"}, line_prices(bill["quote"]), held, wish["lines"])
    else:
        made = _amount(bill, split, held, wish.get("amount"))
    if made.minor > left:
        raise AmountOverDue(due={"amount": left, "currency": bill["currency"]})
    if not made.minor:
        raise NothingToPay
    return made


def _equal_parts(split: Mapping[str, Any], held: Collection[str], wish: Mapping[str, Any]) -> Claim:
    parts, take = wish["equal"]["parts"], wish["equal"].get("take", 1)
    if split["kind"] != "equal" or split["parts"] != parts:
        raise SplitDiffers(**shown(split))
    free = list(_free_parts(None, split["minor"], parts, held))
    if len(free) < take:
        raise ShareTaken(free=[part.name for part in free])
    taken = tuple(free[:take])
    return Claim(sum(part.minor for part in taken), taken, split)


def _lines(
    split: Mapping[str, Any], prices: Mapping[str, int], held: Collection[str], wanted: Sequence[Mapping[str, Any]]
) -> Claim:
    if split["kind"] != "lines":
        raise SplitDiffers(**shown(split))
    fixed, taken = shared_by(held), []
    for one in wanted:
        line_id, number, of = one["line_id"], one.get("part", 1), one.get("of", 1)
        if line_id not in prices:
            raise LineNotOnBill(line_id=line_id)
        if fixed.setdefault(line_id, of) != of:
            raise SplitDiffers(kind="lines", line_id=line_id, of=fixed[line_id])
        part = Part(line_id, number, of, share(prices[line_id], number, of))
        if part.name in held:
            free = _free_parts(line_id, prices[line_id], of, held)
            raise ShareTaken(line_id=line_id, free=[part.name for part in free])
        taken.append(part)
    return Claim(sum(part.minor for part in taken), tuple(taken), split)


def _amount(
    bill: Mapping[str, Any], split: Mapping[str, Any] | None, held: Collection[str], money: Mapping[str, Any] | None
) -> Claim:
    left = due(bill)
    if money is not None and money["currency"] != bill["currency"]:
        raise CurrencyMismatch(currency=bill["currency"])
    minor = left if money is None else int(money["amount"])
    if split is None:
        return Claim(minor)
    if 0 < minor < left:
        raise SplitDiffers(**shown(split))
    parts = line_parts(bill["quote"], held) if split["kind"] == "lines" else equal_parts(split)
    return Claim(minor, tuple(part for part in parts if part.name not in held), split)


def equal_parts(split: Mapping[str, Any] | None) -> Iterator[Part]:
    """List the parts of a bill that is shared in equal ones, none of any other."""
    if split is None or split["kind"] != "equal":
        return iter(())
    return _parts(None, split["minor"], split["parts"])


def line_parts(quote: Mapping[str, Any], held: Collection[str]) -> Iterator[Part]:
    """List the parts of all lines: a line nobody has taken a part of is one."""
    fixed = shared_by(held)
    for line_id, price in line_prices(quote).items():
        yield from _parts(line_id, price, fixed.get(line_id, 1))


def _parts(line_id: str | None, minor: int, of: int) -> Iterator[Part]:
    return (Part(line_id, number, of, share(minor, number, of)) for number in range(1, of + 1))


def _free_parts(line_id: str | None, minor: int, of: int, held: Collection[str]) -> Iterator[Part]:
    return (part for part in _parts(line_id, minor, of) if part.name not in held)


def shown(split: Mapping[str, Any]) -> dict[str, Any]:
    """Say in which way a bill is shared, without the amounts."""
    return {name: split[name] for name in ("kind", "parts") if name in split}
