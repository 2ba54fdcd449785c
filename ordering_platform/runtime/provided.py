"""Gives a service something that is made once from its settings: a key file, a limit, the settings themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nameko.extensions import DependencyProvider

from ordering_platform.runtime.config import settings_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from ordering_platform.runtime.config import Settings


class Provided(DependencyProvider):  # type: ignore[misc]  # nameko carries no types
    """``keys = Provided(key_file)`` puts in what ``key_file(settings)`` gave before the service started.

    The thing may have ``knock()``, which raises while the service should not be sent requests, and
    ``close()``, which is called when the service stops.
    """

    def __init__(self, make: Callable[[Settings], Any]) -> None:
        """Remember how the thing is made; what ``make`` raises keeps the service from starting."""
        super().__init__()
        self._make = make
        self._made: Any = None

    def setup(self) -> None:
        """Make the thing."""
        self._made = self._make(settings_of(self.container.config))
        if knock := getattr(self._made, "knock", None):
            self.container.readiness.add(self.attr_name, knock)

    def get_dependency(self, _worker_ctx: Any) -> Any:
        """Put the thing into the service."""
        return self._made

    def stop(self) -> None:
        """Let the thing tidy up."""
        if close := getattr(self._made, "close", None):
            close()
