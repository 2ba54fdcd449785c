"""The kinds of reward: each says by which field of the document it is known. PURE.

A further kind is one file here and one line in ``OWN``; another package adds its kinds under the
entry-point group ``ordering_platform.promotion_rules`` without touching this one.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

from ordering_platform.promotion.rules.amount import Amount
from ordering_platform.promotion.rules.buy_get import BuyGet
from ordering_platform.promotion.rules.fixed_price import FixedPrice
from ordering_platform.promotion.rules.free_item import FreeItem
from ordering_platform.promotion.rules.percent import Percent
from ordering_platform.promotion.rules.reading import ParameterInvalid
from ordering_platform.promotion.rules.tiers import Tiers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ordering_platform.promotion.rules.rule import Rule

GROUP = "ordering_platform.promotion_rules"


OWN: tuple[type[Rule], ...] = (Percent, Amount, Tiers, FixedPrice, BuyGet, FreeItem)


@cache
def kinds() -> dict[str, type[Rule]]:
    """Give every kind of reward by its marker; raises LookupError where two claim the same one."""
    known: dict[str, type[Rule]] = {kind.marker: kind for kind in OWN}
    for entry in entry_points(group=GROUP):
        kind = entry.load()
        if known.setdefault(kind.marker, kind) is not kind:
            msg = f"two promotion rules are marked {kind.marker!r}: {known[kind.marker]} and {kind}"
            raise LookupError(msg)
    return known


def read(reward: Mapping[str, Any]) -> Rule:
    """Read the reward of a document by the one marker it carries; raises ParameterInvalid."""
    marked = [kind for marker, kind in kinds().items() if marker in reward]
    if len(marked) != 1:
        raise ParameterInvalid("", "reward", f"Send exactly one of: {', '.join(sorted(kinds()))}.")
    return marked[0].read(reward)
