"""The RPC door of a service: who may call, what happens with a message nobody can carry out, when it is acked.

A message is acked after the method returned and its answer was sent. If the process dies in between, the
broker gives the message to another replica and the method runs again, so a method that changes something
is idempotent by an id among its arguments.
"""

from __future__ import annotations

import inspect
from functools import partial
from typing import TYPE_CHECKING, Any

import eventlet
from eventlet.event import Event
from nameko.exceptions import ContainerBeingKilled, IncorrectSignature, MethodNotFound
from nameko.extensions import Entrypoint, SharedExtension

from ordering_platform.runtime import logs, wire
from ordering_platform.runtime.config import settings_of
from ordering_platform.runtime.errors import DomainError, Forbidden
from ordering_platform.runtime.link import Ear, Link, NeverQueued, errors, join_for, leave

if TYPE_CHECKING:
    from collections.abc import Callable

_log = logs.get("rpc")


class CallerNotAllowed(Forbidden):
    """This method is not for the service that called it."""


class Desk(SharedExtension):  # type: ignore[misc]  # nameko carries no types
    """The queue of one service: takes each message, finds its door, and sees that it is answered and acked."""

    link: Link | None = None
    ear: Ear | None = None

    def __init__(self) -> None:
        """Begin without doors; each door puts itself here."""
        super().__init__()
        self.doors: dict[str, Rpc] = {}
        self._waiting = 0
        self._nobody_waits = Event()

    def setup(self) -> None:
        """Share the link of the process; nothing is waited for."""
        self.link = join_for(self.container)
        self.name = settings_of(self.container.config).rpc_prefix + self.container.service_name
        # Where each service has a broker user of its own, the broker vouches for the caller's name.
        self.callers_are_known = self.link.user == self.container.service_name

    def start(self) -> None:
        """Listen from now on; a broker that is away is waited for in the background."""
        if self.link is not None:
            self.ear = self.link.listen(f"rpc-{self.name}", f"{self.name}.*", self.container.max_workers, self.receive)

    def hush(self) -> None:
        """Take no more messages, and return when every one that was taken has a worker."""
        self._close_ear()
        while self._waiting:
            self._nobody_waits.wait()

    def stop(self) -> None:
        """Leave the link; the workers have finished by now. What was not acked goes to another replica."""
        self._close_ear()
        link, self.link = self.link, None
        if link is not None:
            leave(link)

    kill = stop

    def _close_ear(self) -> None:
        ear, self.ear = self.ear, None
        if self.link is not None and ear is not None:
            self.link.stop_listening(ear)

    def receive(self, message: Any) -> None:
        """Begin the work a message asks for; never waits, never raises: this is the greenthread that reads."""
        try:
            self._begin(message)
        except Exception as fault:  # noqa: BLE001  no message may end the connection, whatever is in it
            _log.warning("message not carried out: %s: %s", type(fault).__name__, fault)
            self._finish(message, None, fault)

    def _begin(self, message: Any) -> None:
        if _dropped(message):
            return
        method = message.delivery_info["routing_key"].rpartition(".")[2]
        door = self.doors.get(method)
        if door is None:
            raise MethodNotFound(method)
        door.admit(message.properties.get("user_id"), known=self.callers_are_known)
        args, kwargs = wire.read_call(message.body, message.properties)
        door.check_signature(args, kwargs)
        work = partial(self._work, message, door, args, kwargs)
        if self.container._worker_pool.free() > 0:  # noqa: SLF001  nameko has no other way to ask
            work()
        else:
            self._waiting += 1
            eventlet.spawn(self._work_later, message, work)

    def _work_later(self, message: Any, work: Callable[[], None]) -> None:
        try:
            with self.container._worker_pool.sem:  # noqa: SLF001  as above
                pass
            if not _dropped(message):
                work()
        finally:
            self._waiting -= 1
            if not self._waiting:
                done, self._nobody_waits = self._nobody_waits, Event()
                done.send()

    def _work(self, message: Any, door: Rpc, args: list[Any], kwargs: dict[str, Any]) -> None:
        try:
            self.container.spawn_worker(
                door,
                args,
                kwargs,
                context_data=wire.carried(message.properties.get("application_headers") or {}),
                handle_result=partial(self._handle_result, message),
            )
        except ContainerBeingKilled:
            _settle(message, requeue=True)

    def _handle_result(self, message: Any, _worker_ctx: Any, result: Any, exc_info: Any) -> tuple[Any, Any]:
        if exc_info and self.container._being_killed:  # noqa: SLF001  as above
            _settle(message, requeue=True)
        else:
            self._finish(message, result, exc_info and exc_info[1])
        return result, exc_info

    def _finish(self, message: Any, result: Any, fault: BaseException | None) -> None:
        reply_to = message.properties.get("reply_to")
        if reply_to and self.link is not None:
            try:
                self.link.answer(reply_to, message.properties.get("correlation_id"), wire.write_answer(result, fault))
            except NeverQueued:
                _log.warning("the broker is away; an answer could not be sent")
        _settle(message)


def _dropped(message: Any) -> bool:
    late = wire.overdue(message.properties.get("application_headers") or {})
    if late:
        _log.warning("dropped a call whose caller stopped waiting %.1f s ago", late)
        _settle(message)
    return late > 0


def _settle(message: Any, *, requeue: bool = False) -> None:
    try:
        if requeue:
            message.channel.basic_reject(message.delivery_tag, requeue=True)
        else:
            message.channel.basic_ack(message.delivery_tag)
    except errors():
        # The connection it came by is gone, so the broker has taken the message back already.
        _log.info("a message could not be acked; the broker will deliver it again")


class Rpc(Entrypoint):  # type: ignore[misc]  # nameko carries no types
    """One method that other services may call; use it as ``@rpc(callers=("payment",))``."""

    desk = Desk()

    def __init__(self, *, callers: tuple[str, ...]) -> None:
        """Name the services that may call; there is no default, so nobody is let in by forgetting."""
        if type(callers) is not tuple:
            raise TypeError('callers is a tuple of service names, like ("payment",)')
        super().__init__(expected_exceptions=DomainError)
        self.callers = frozenset(callers)

    def setup(self) -> None:
        """Stand at the desk, and learn once what the method takes."""
        self.desk.doors[self.method_name] = self
        self._signature = inspect.signature(getattr(self.container.service_cls, self.method_name))
        self._names = _named_only(self._signature)

    def stop(self) -> None:
        """Let nobody in any more."""
        self.desk.hush()

    def admit(self, caller: str | None, *, known: bool) -> None:
        """Raise CallerNotAllowed unless the broker vouches for a caller this door is for."""
        if known and caller not in self.callers:
            raise CallerNotAllowed(method=self.method_name)

    def check_signature(self, args: list[Any], kwargs: dict[str, Any]) -> None:
        """Raise nameko's IncorrectSignature when the method cannot be called like this."""
        if not args and self._names and self._names[0] <= kwargs.keys() <= self._names[1]:
            return
        try:
            self._signature.bind(None, *args, **kwargs)
        except TypeError as fault:
            raise IncorrectSignature(str(fault)) from None


def _named_only(signature: inspect.Signature) -> tuple[frozenset[str], frozenset[str]] | None:
    """Give the names a method must get and those it may get, when each can be given by its name."""
    taken = list(signature.parameters.values())[1:]
    if any(one.kind not in {one.KEYWORD_ONLY, one.POSITIONAL_OR_KEYWORD} for one in taken):
        return None
    must = frozenset(one.name for one in taken if one.default is one.empty)
    return must, frozenset(one.name for one in taken)


def rpc(*, callers: tuple[str, ...]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make a method callable by the named services."""
    return Rpc.decorator(callers=callers)  # type: ignore[no-any-return]
