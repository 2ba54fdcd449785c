"""How one discount falls on several lines: in proportion to what is left of them, to the last unit. PURE."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ordering_platform.runtime.money import allocate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ordering_platform.promotion.rules.basket import Basket, Line


def share_out(discount: int, lines: Sequence[Line], basket: Basket) -> dict[str, int]:
    """Share a discount over lines, capped by what is left of them together."""
    left = [basket.left_of(line) for line in lines]
    shares = allocate(min(discount, sum(left)), left)
    return {line.id: share for line, share in zip(lines, shares, strict=True) if share}
