"""Waits for a fact instead of for a time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


def until(fact: Callable[[], T], *, timeout: float = 5.0, interval: float = 0.01) -> T:
    """Give what ``fact()`` gives as soon as that is true; fails after ``timeout`` seconds."""
    deadline = time.monotonic() + timeout
    while not (found := fact()):
        assert time.monotonic() < deadline, f"it did not become true within {timeout} s"
        time.sleep(interval)
    return found
