"""Names the moments between two durable steps, so that a test can kill the driver at each of them.

In a running platform nothing is installed and a point costs a set look-up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ordering_platform.payment.states import POINTS, REFUND_POINTS

if TYPE_CHECKING:
    from collections.abc import Callable

_KNOWN = POINTS | REFUND_POINTS
_installed: list[Callable[[str], None]] = []


def arrow(point: str) -> None:
    """Pass a point; raises KeyError for one that ``states`` does not list."""
    if point not in _KNOWN:
        raise KeyError(point)
    for listener in _installed:
        listener(point)


def called(name: str, call: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """Make one call to the world outside, with a point before and one after it."""
    arrow(f"before {name}")
    answer = call(*args, **kwargs)
    arrow(f"after {name}")
    return answer


def install(listener: Callable[[str], None]) -> Callable[[], None]:
    """Tell ``listener`` of every point passed in this process; gives the way to take it out again."""
    _installed.append(listener)
    return lambda: _installed.remove(listener)
