"""A walk is a list of steps; each is timed, told as it ends, and the first that fails ends the walk."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from ordering_platform.client import Problem, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Unexpected(Exception):
    """The platform answered, but not what it has to answer."""


class WalkFailed(Exception):
    """A step failed; the steps so far tell which one and why."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step as it went; ``problem`` is empty where all was well, ``skipped`` says why it was not walked."""

    name: str
    ms: float
    problem: str = ""
    skipped: str = ""

    @property
    def ok(self) -> bool:
        """Whether it went well."""
        return not self.problem

    def as_dict(self) -> dict[str, Any]:
        """Give the step as a JSON object."""
        return {**asdict(self), "ok": self.ok}


class Walk:
    """The steps walked so far."""

    def __init__(self, tell: Callable[[Step], None]) -> None:
        """Tell every step as it ends."""
        self.steps: list[Step] = []
        self._tell = tell

    def step(self, name: str, do: Callable[..., T], *arguments: Any, **named: Any) -> T:
        """Walk one step; raises WalkFailed when it is refused, unreachable, or not what it should be."""
        begun = time.monotonic()
        try:
            found = do(*arguments, **named)
        except Problem as fault:
            self._end(name, begun, f"{fault.status} {fault.code}: {fault} (request {fault.request_id})")
            raise WalkFailed from fault
        except (Unexpected, Unreachable) as fault:
            self._end(name, begun, str(fault))
            raise WalkFailed from fault
        except (LookupError, TypeError, ValueError, AttributeError) as fault:
            # Whoever answers there does not speak like the platform.
            self._end(name, begun, f"the answer cannot be used: {type(fault).__name__}: {fault}")
            raise WalkFailed from fault
        self._end(name, begun, "")
        return found

    def skip(self, name: str, why: str) -> None:
        """Leave out what this platform does not allow, and say why."""
        self._keep(Step(name, 0.0, skipped=why))

    def _end(self, name: str, begun: float, problem: str) -> None:
        self._keep(Step(name, round((time.monotonic() - begun) * 1000, 1), problem))

    def _keep(self, step: Step) -> None:
        self.steps.append(step)
        self._tell(step)


def expect(condition: object, words: str) -> None:
    """Raise Unexpected with these words unless the condition holds."""
    if not condition:
        raise Unexpected(words)
