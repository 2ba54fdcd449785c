"""All doors behind the gateway, to be gone through one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

import pytest

from ordering_platform.catalogue import BEHIND_GATEWAY
from ordering_platform.runtime.entrypoints import Door, doors
from tests.attacks.knocking import Case

#: Sends requests that must all be refused and change no row of any table.
Refuse: TypeAlias = Callable[[Iterable[Case]], None]

DOORS = [door for service in BEHIND_GATEWAY for door in doors(service.load())]


def shown(door: Door) -> str:
    """Name a door in the list of tests."""
    return f"{door.method} {door.url}"


def every(which: Callable[[Door], object] = lambda _: True) -> pytest.MarkDecorator:
    """Run a test for every door of some kind."""
    return pytest.mark.parametrize("door", [door for door in DOORS if which(door)], ids=shown)
