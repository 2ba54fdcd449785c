"""Many callers at the same moment, each with a database connection of its own."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def at_once(works: Iterable[Callable[[], Any]]) -> list[Any]:
    """Start all works together and give, in their order, what each returned or the exception it raised."""
    waiting = list(works)
    outcomes: list[Any] = [None] * len(waiting)
    gate = threading.Barrier(len(waiting))

    def run(place: int) -> None:
        gate.wait()
        try:
            outcomes[place] = waiting[place]()
        except Exception as fault:  # noqa: BLE001  what each caller got is what the test asks about
            outcomes[place] = fault

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(waiting))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive(), "somebody is still waiting"
    return outcomes
