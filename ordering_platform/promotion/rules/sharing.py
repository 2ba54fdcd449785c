"""How one discount falls on several lines: in proportion to what is left of them, to the last unit. PURE."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ordering_platform.runtime.money import allocate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ordering_platform.promotion.rules.basket import Basket, Line


def share_out(discount: int, lines: Sequence[Line], basket: Basket) -> dict[str, int]:
    """Share a discount over lines, capped by what is left of them together."""
    return allot(discount, basket.left_by_id(lines))


def allot(discount: int, worths: Mapping[str, int]) -> dict[str, int]:
    """Share a discount over lines by what each may bear, capped by that together."""
    shares = allocate(min(discount, sum(worths.values())), list(worths.values()))
    return {line_id: share for line_id, share in zip(worths, shares, strict=True) if share}
