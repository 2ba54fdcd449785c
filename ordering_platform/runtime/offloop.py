"""Takes work that computes for long off the event loop: a bounded way into eventlet's thread pool.

A password hash takes a core for tens of milliseconds; on the loop it would hold up every other request.
What cannot be started soon is refused at once, so that a flood of such work never becomes a queue.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, ParamSpec, TypeVar, cast

from eventlet import tpool
from eventlet.semaphore import Semaphore

from ordering_platform.runtime.errors import Overloaded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

P = ParamSpec("P")
T = TypeVar("T")


class Lane:
    """A way into the thread pool with a name: so many compute at once, so many more may wait for that."""

    def __init__(self, name: str, *, at_once: int, waiting: int) -> None:
        """Bound how many run and how many wait."""
        self.name = name
        self.inside = 0
        self._most = at_once + waiting
        self._places = Semaphore(at_once)

    @contextmanager
    def admitted(self) -> Iterator[None]:
        """Hold a place in the lane, for a caller who has other work to do before ``compute``; raises Overloaded."""
        if self.inside >= self._most:
            raise Overloaded(busy=self.name)
        self.inside += 1
        try:
            yield
        finally:
            self.inside -= 1

    def compute(self, func: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Give what ``func`` gives, computed in a thread, as soon as one is free; the caller is admitted already."""
        with self._places:
            return cast(T, tpool.execute(func, *args, **kwargs))

    def run(self, func: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Be admitted and compute; raises Overloaded."""
        with self.admitted():
            return self.compute(func, *args, **kwargs)
