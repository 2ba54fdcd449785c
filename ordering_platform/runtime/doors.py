"""A door as data: address, who may enter, what comes in and what goes out; read by the router and by OpenAPI."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from ordering_platform.runtime.errors import DomainError
    from ordering_platform.runtime.identity import Who

#: Variables of an address whose values must not stand in a log: who knows one may use it.
SECRET_VARIABLES = frozenset({"token", "code", "secret", "invite"})
METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_VARIABLE = re.compile(r"<(?:[^:<>]+:)?([^<>]+)>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Everything that is known about an HTTP door before the first request."""

    method: str
    url: str
    who: Who
    body: Any = None
    body_optional: bool = False
    query: Any = None
    answers: Any = None
    produces: tuple[str, ...] = ()
    status: int = 200
    idempotent: bool = False
    raw: bool = False
    raises: tuple[type[DomainError], ...] = ()
    relays: tuple[str, ...] = ()
    deadline: float | None = None
    name: str = ""
    summary: str = ""
    description: str = ""

    def __post_init__(self) -> None:
        """Refuse, at import, a door that could never work."""
        if not set(self.method.split(",")) <= METHODS:
            raise TypeError(f"{self.method} is not a method a door can have")
        if not self.url.startswith("/"):
            raise TypeError(f"the address of a door begins with a slash: {self.url}")
        if self.raw and self.body is not None:
            raise TypeError(f"{self.method} {self.url}: a raw door reads no schema")

    @property
    def media_types(self) -> tuple[str, ...]:
        """What a client must accept at least one of; nothing where the door does not say what it answers."""
        return ("application/json", *self.produces) if self.answers is not None else self.produces

    @property
    def variables(self) -> tuple[str, ...]:
        """The names of the variables in the address, in their order."""
        return tuple(_VARIABLE.findall(self.url))

    @property
    def discreet(self) -> bool:
        """Whether the path carries a secret and the access log shows the route alone."""
        return not SECRET_VARIABLES.isdisjoint(self.variables)


def described(door_of: Callable[..., Door], method: Callable[..., Any]) -> Door:
    """Complete a door with the name, the words and the variables of the method behind it.

    Raises TypeError when the method does not take exactly the request and the variables of the address.
    """
    words = inspect.cleandoc(method.__doc__ or "").split("\n\n", 1)
    door = door_of(
        name=method.__name__,
        summary=" ".join(words[0].split()),
        description=words[1] if len(words) > 1 else "",
    )
    taken = list(inspect.signature(method).parameters)[2:]
    if set(taken) != set(door.variables):
        raise TypeError(f"{method.__qualname__} takes {taken}, but {door.url} gives {list(door.variables)}")
    return door
