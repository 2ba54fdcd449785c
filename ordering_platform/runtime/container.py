"""Nameko's service container, made unkillable by a single request and silent about what is expected."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import eventlet
from greenlet import GreenletExit
from nameko.containers import ServiceContainer, WorkerContext

from ordering_platform.runtime import context, logs
from ordering_platform.runtime.config import settings_of
from ordering_platform.runtime.errors import DeadlineExceeded, DomainError, InternalError, ServiceUnavailable
from ordering_platform.runtime.health import Readiness

if TYPE_CHECKING:
    from collections.abc import Callable

    from eventlet.semaphore import Semaphore

_log = logs.get("container")
_TICK = 0.5


class Container(ServiceContainer):  # type: ignore[misc]  # nameko carries no types
    """Runs the workers of one service; every way a worker can end is reported to whoever waits for it."""

    def __init__(self, service_cls: type, config: dict[str, Any]) -> None:
        """Bind the service's doors and dependencies; touches no network."""
        self.settings = settings_of(config)
        self.readiness = Readiness()
        self.drain_delay = self.settings.drain_delay
        self.forced = False
        self._ticker: Any = None
        super().__init__(service_cls, {**config, "max_workers": self.settings.max_workers})

    @property
    def places(self) -> Semaphore:
        """One place for each worker that may run at once, whichever door it works for."""
        semaphore: Semaphore = self._worker_pool.sem
        return semaphore

    @property
    def free_workers(self) -> int:
        """How many more workers may start now."""
        return int(self.places.counter)

    def start(self) -> None:
        """Start every extension, doors last to hear of it."""
        # A signal only schedules a greenthread; without a ticker an idle hub would sleep up to a minute first.
        self._ticker = eventlet.spawn(_tick)
        super().start()

    def stop(self, grace: float | None = None) -> None:
        """Stop within ``grace`` seconds (the settings' by default), by force where that is not enough.

        The web server drains first, so that peers and database stay up for what still runs.
        """
        seconds = self.settings.grace_period if grace is None else grace
        try:
            with eventlet.Timeout(seconds):
                for extension in list(self.shared_extensions.values()):
                    if drain := getattr(extension, "drain", None):
                        drain()
                super().stop()
        except eventlet.Timeout:
            _log.error("%s did not end within %s s; stopping by force", self.service_name, seconds)
            self.forced = True
            self.kill()
        self._stop_ticker()

    def kill(self, exc_info: Any = None) -> None:
        """Stop without waiting for anybody."""
        super().kill(exc_info)
        self._stop_ticker()

    def work(self, entrypoint: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Do the work of a door in the calling greenthread, which has taken one of ``places``.

        Raises nothing but DomainErrors. A greenthread of its own for every request, as nameko has it,
        would cost as much as all the rest of a small request.
        """
        worker_ctx = WorkerContext(self, self.service_cls(), entrypoint, args, kwargs, data=context.headers())
        result, exc_info = self._carry_out(worker_ctx)
        self._tidy_up(worker_ctx, result, exc_info)
        if exc_info is not None:
            raise exc_info[1]
        return result

    def _stop_ticker(self) -> None:
        if self._ticker is not None:
            self._ticker.kill()

    def _run_worker(self, worker_ctx: WorkerContext, handle_result: Callable[..., Any] | None) -> None:
        context.adopt(worker_ctx.data)
        result, exc_info = self._carry_out(worker_ctx)
        if handle_result is not None:
            result, exc_info = handle_result(worker_ctx, result, exc_info)
        self._tidy_up(worker_ctx, result, exc_info)

    def _carry_out(self, worker_ctx: WorkerContext) -> tuple[Any, Any]:
        try:
            self._inject_dependencies(worker_ctx)
            self._worker_setup(worker_ctx)
            method = getattr(worker_ctx.service, worker_ctx.entrypoint.method_name)
            return method(*worker_ctx.args, **worker_ctx.kwargs), None
        except BaseException as fault:  # noqa: BLE001  whatever ends a worker, somebody waits for the news
            return None, _expected(fault, worker_ctx)

    def _tidy_up(self, worker_ctx: WorkerContext, result: Any, exc_info: Any) -> None:
        try:
            self._worker_result(worker_ctx, result, exc_info)
            self._worker_teardown(worker_ctx)
        except (Exception, eventlet.Timeout):  # noqa: BLE001  the work is done; this must not end the service
            _log.exception("tidying up after %s failed", worker_ctx.entrypoint.method_name)


def _expected(fault: BaseException, worker_ctx: WorkerContext) -> Any:
    """Turn any end of a worker into a DomainError; what nobody expected is logged here, once."""
    error: DomainError
    if isinstance(fault, DomainError):
        error = fault
    elif isinstance(fault, eventlet.Timeout):
        error = DeadlineExceeded()
    elif isinstance(fault, GreenletExit):
        error = ServiceUnavailable()
    else:
        _log.error("%s failed", worker_ctx.entrypoint.method_name, exc_info=(type(fault), fault, fault.__traceback__))
        error = InternalError()
    try:
        raise error from (None if error is fault else fault)
    except DomainError:
        return sys.exc_info()


def _tick() -> None:
    while True:
        eventlet.sleep(_TICK)
