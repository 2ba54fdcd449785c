"""Takes work that computes for long off the event loop: a bounded way into eventlet's thread pool.

A password hash takes a core for tens of milliseconds; on the loop it would hold up every other request.
What cannot be started soon is refused at once, so that a flood of such work never becomes a queue.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ParamSpec, TypeVar, cast

from eventlet import tpool
from eventlet.semaphore import Semaphore

from ordering_platform.runtime.errors import Overloaded

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
T = TypeVar("T")


class Lane:
    """A way into the thread pool with a name, so many at once and so many waiting."""

    def __init__(self, name: str, *, at_once: int, waiting: int) -> None:
        """Bound how many run and how many may wait for that."""
        self.name = name
        self.waiting = 0
        self._longest = waiting
        self._places = Semaphore(at_once)

    def run(self, func: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Give what ``func`` gives, computed in a thread; raises Overloaded when too many wait already."""
        if self._places.locked() and self.waiting >= self._longest:
            raise Overloaded(busy=self.name)
        self.waiting += 1
        try:
            self._places.acquire()
        finally:
            self.waiting -= 1
        try:
            return cast(T, tpool.execute(func, *args, **kwargs))
        finally:
            self._places.release()
