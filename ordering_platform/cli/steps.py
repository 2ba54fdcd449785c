"""Steps that tell how long they took, on standard error."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ordering_platform.cli.output import say

if TYPE_CHECKING:
    from collections.abc import Iterator

_WIDTH = 44


class Steps:
    """The steps of one start, and the time since the first."""

    def __init__(self) -> None:
        """Start the clock."""
        self._begun = time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds since the first step began."""
        return time.monotonic() - self._begun

    @contextmanager
    def step(self, words: str) -> Iterator[None]:
        """Tell how long this took, once it is done."""
        begun = time.monotonic()
        yield
        say(f"  {words:<{_WIDTH}}{time.monotonic() - begun:6.2f} s")
