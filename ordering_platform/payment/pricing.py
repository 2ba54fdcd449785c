"""The one totals function: lines, discounts and the venue's terms become the quote everybody reads.

Guest page, bill, receipt and report show this quote and never calculate on their own. PURE: exact
integers of minor units, no database, no clock. Each amount is rounded half up once, where it is
defined, and then shared out over the lines without losing a cent.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ordering_platform.runtime.money import PPM, allocate, half_up, pct

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Option:
    """What was chosen with a dish, and what one of it adds to the price, or takes off."""

    name: str
    price: int


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an order: ``gross`` is (base + options) times quantity, before any discount."""

    id: str
    name: str
    quantity: int
    gross: int
    tax_ppm: int
    discountable: bool = True
    options: tuple[Option, ...] = ()
    menu_item_id: str | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """How a venue charges: currency, tax inside or on top of its prices, service charge in basis points."""

    currency: str
    digits: int
    tax_included: bool
    tax_rounding: str
    service_charge_bps: int


@dataclass(frozen=True, slots=True)
class Discount:
    """What one promotion takes off, by line id; ``code`` only where a guest typed one."""

    promotion_id: str
    name: str
    code: str | None
    shares: Mapping[str, int]

    @property
    def amount(self) -> int:
        """What the promotion takes off in all."""
        return sum(self.shares.values())


@dataclass(frozen=True, slots=True)
class QuotedLine:
    """A line with its discount and with its shares of service charge and tax, which the total holds once."""

    id: str
    name: str
    quantity: int
    gross: int
    discount: int
    net: int
    service_charge: int
    tax_ppm: int
    tax: int
    options: tuple[Option, ...]
    menu_item_id: str | None

    def total(self, *, on_top: bool) -> int:
        """What the line adds to the total, with its share of the service charge and of a tax that comes on top."""
        return self.net + self.service_charge + (self.tax if on_top else 0)


@dataclass(frozen=True, slots=True)
class TaxLine:
    """The tax of one rate and the amount it is on, tax not counted."""

    rate_ppm: int
    net: int
    tax: int


@dataclass(frozen=True, slots=True)
class Quote:
    """What is to be paid and why; ``tax`` is part of ``total`` whether prices include it or not."""

    terms: Terms
    lines: tuple[QuotedLine, ...]
    discounts: tuple[Discount, ...]
    subtotal: int
    discount: int
    service_charge: int
    tax_lines: tuple[TaxLine, ...]
    tax: int
    tip: int
    rounding: int
    step: int
    total: int

    def digest(self) -> str:
        """Condense everything a guest agrees to; equal quotes have equal digests, whatever made them."""
        terms = (self.terms.currency, self.terms.digits, self.terms.tax_included)
        lines = [(line.id, line.name, line.quantity, line.gross, line.discount, line.tax) for line in self.lines]
        discounts = [(discount.promotion_id, discount.code, discount.amount) for discount in self.discounts]
        rates = [(rate.rate_ppm, rate.net, rate.tax) for rate in self.tax_lines]
        sums = (self.service_charge, self.tip, self.rounding, self.total)
        return hashlib.sha256(json.dumps([terms, lines, discounts, rates, sums]).encode()).hexdigest()


def totals(
    lines: Sequence[Line], terms: Terms, discounts: Iterable[Discount] = (), tip: int = 0, step: int = 1
) -> Quote:
    """Price a bill: discounts, then service charge on what is left, then tax on both, then the tip.

    ``step`` is the smallest amount the way of paying can move (5 where cash has no single cents); the
    difference is ``rounding``. Raises ValueError for a negative amount and for a discount that does not
    fit its line: those are faults of the caller, not of a guest.
    """
    discounts = tuple(discounts)
    taken = _taken(lines, discounts)
    if tip < 0 or step < 1:
        msg = "a tip is zero or more and a step is one or more"
        raise ValueError(msg)
    nets = [line.gross - taken[line.id] for line in lines]
    service = pct(sum(nets), terms.service_charge_bps)
    services = allocate(service, nets) if service else [0] * len(nets)
    taxes, tax_lines = _taxes(lines, [net + share for net, share in zip(nets, services, strict=True)], terms)
    tax = sum(taxes)
    exact = sum(nets) + service + (0 if terms.tax_included else tax) + tip
    off = rounding(exact, step)
    return Quote(
        terms=terms,
        lines=tuple(
            QuotedLine(
                id=line.id,
                name=line.name,
                quantity=line.quantity,
                gross=line.gross,
                discount=taken[line.id],
                net=net,
                service_charge=share,
                tax_ppm=line.tax_ppm,
                tax=line_tax,
                options=line.options,
                menu_item_id=line.menu_item_id,
            )
            for line, net, share, line_tax in zip(lines, nets, services, taxes, strict=True)
        ),
        discounts=discounts,
        subtotal=sum(line.gross for line in lines),
        discount=sum(taken.values()),
        service_charge=service,
        tax_lines=tax_lines,
        tax=tax,
        tip=tip,
        rounding=off,
        step=step,
        total=exact + off,
    )


def rounding(exact: int, step: int) -> int:
    """Say what turns an amount into the nearest multiple of ``step``; half of a step goes up."""
    return half_up(exact, step) * step - exact


def _taken(lines: Sequence[Line], discounts: tuple[Discount, ...]) -> dict[str, int]:
    taken = {line.id: 0 for line in lines}
    if len(taken) != len(lines) or any(line.gross < 0 or line.tax_ppm < 0 for line in lines):
        msg = "lines need ids of their own and amounts of zero or more"
        raise ValueError(msg)
    limits = {line.id: line.gross if line.discountable else 0 for line in lines}
    for discount in discounts:
        for line_id, share in discount.shares.items():
            if share < 0 or taken.get(line_id, 0) + share > limits.get(line_id, 0):
                msg = f"{discount.promotion_id} takes {share} off line {line_id}, which does not hold it"
                raise ValueError(msg)
            if share:
                taken[line_id] += share
    return taken


def _taxes(lines: Sequence[Line], bases: Sequence[int], terms: Terms) -> tuple[list[int], tuple[TaxLine, ...]]:
    """Tax by line and by rate; ``per_rate`` rounds once for each rate and shares it over that rate's lines."""
    taxes = [0] * len(lines)
    places = defaultdict(list)
    for place, line in enumerate(lines):
        places[line.tax_ppm].append(place)
    tax_lines = []
    for rate, members in sorted(places.items()):
        weights = [bases[place] for place in members]
        if terms.tax_rounding == "per_line":
            shares = [_tax(base, rate, included=terms.tax_included) for base in weights]
        else:
            whole = _tax(sum(weights), rate, included=terms.tax_included)
            shares = allocate(whole, weights) if whole else [0] * len(weights)
        for place, share in zip(members, shares, strict=True):
            taxes[place] = share
        net = sum(weights) - (sum(shares) if terms.tax_included else 0)
        tax_lines.append(TaxLine(rate, net, sum(shares)))
    return taxes, tuple(tax_lines)


def _tax(base: int, rate: int, *, included: bool) -> int:
    return half_up(base * rate, PPM + rate if included else PPM)
