"""What a service keeps for as long as it runs, besides its database: made once, from the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nameko.extensions import DependencyProvider

from ordering_platform.runtime.config import settings_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from ordering_platform.runtime.config import Settings


class Kept(DependencyProvider):  # type: ignore[misc]  # nameko carries no types
    """Gives a service one object, made from the settings when its container is set up.

    The object may have ``knock()``, which raises while the service is not ready to be sent requests, and
    ``close()``, which is called when the service stops.
    """

    def __init__(self, make: Callable[[Settings], Any]) -> None:
        """Remember how it is made; it must touch no network."""
        self._make = make
        self._made: Any = None

    def setup(self) -> None:
        """Make it."""
        self._made = self._make(settings_of(self.container.config))
        if knock := getattr(self._made, "knock", None):
            self.container.readiness.add(self.attr_name, knock)

    def get_dependency(self, _worker_ctx: Any) -> Any:
        """Put it into the service."""
        return self._made

    def stop(self) -> None:
        """Let it tidy up."""
        if close := getattr(self._made, "close", None):
            close()
