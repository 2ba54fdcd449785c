"""The way of a request through a service: route, caller, content, worker, reply; one order for every door."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import eventlet
from werkzeug.datastructures import EnvironHeaders
from werkzeug.exceptions import HTTPException
from werkzeug.exceptions import MethodNotAllowed as WrongMethod
from werkzeug.routing import Map, Rule

from ordering_platform.runtime import context, health, identity, logs, metrics, paging, reading
from ordering_platform.runtime.addresses import Proxies
from ordering_platform.runtime.doors import METHODS
from ordering_platform.runtime.errors import (
    DomainError,
    InternalError,
    InvalidToken,
    MethodNotAllowed,
    NotFound,
    Overloaded,
)
from ordering_platform.runtime.problems import problem
from ordering_platform.runtime.replies import JSON, Reply, dump, reply_from
from ordering_platform.runtime.request import Request

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ordering_platform.runtime.container import Container
    from ordering_platform.runtime.doors import Door
    from ordering_platform.runtime.identity import Caller

_KNOWN_METHODS = METHODS | {"HEAD"}
_NOTHING = "There is nothing at this address."
_log = logs.get("http")


@dataclass(slots=True)
class Exchange:
    """What the access log wants to know about a request, filled in on its way."""

    request_id: str
    path: str
    route: str = ""
    caller: str = ""


class App:
    """Answers the requests of one service; knows nothing of sockets."""

    def __init__(self, container: Container, entrypoints: Iterable[Any]) -> None:
        """Build the map of doors once."""
        self.service = container.service_name
        self.draining = False
        self.streams = 0
        self.waiting = 0
        self._container = container
        self._settings = container.settings
        self._verifier = identity.verifier(self._settings.jwks_url)
        self._proxies = Proxies(self._settings.trusted_proxies)
        entrypoints = list(entrypoints)
        # Most requests go to addresses without variables; a dictionary finds those in a tenth of the time.
        self._fixed = {
            (method, one.door.url): one
            for one in entrypoints
            if not one.door.variables
            for method in one.door.method.split(",")
        }
        rules = [
            Rule(one.door.url, methods=one.door.method.split(","), endpoint=one, merge_slashes=False)
            for one in entrypoints
        ]
        self._routes = Map(rules, merge_slashes=False, redirect_defaults=False).bind("")

    def handle(self, environ: dict[str, Any], body: bytes) -> Reply:
        """Answer one request whose body has been read; never raises."""
        began = time.perf_counter()
        exchange = _exchange(environ)
        try:
            reply = self._health(environ["PATH_INFO"]) or self._answer(environ, body, exchange)
        except DomainError as error:
            reply = self._refusal(error, environ, exchange)
        except (Exception, eventlet.Timeout):  # noqa: BLE001  the outermost boundary: clients read a problem
            _log.exception("a request broke outside its door")
            reply = self._refusal(InternalError(), environ, exchange)
        return self._finish(reply, environ, exchange, time.perf_counter() - began)

    def refuse(self, error: DomainError, environ: dict[str, Any]) -> Reply:
        """Answer what is no readable request."""
        exchange = _exchange(environ)
        return self._finish(self._refusal(error, environ, exchange), environ, exchange, 0.0)

    def _refusal(self, error: DomainError, environ: dict[str, Any], exchange: Exchange) -> Reply:
        path = environ.get("PATH_INFO", "")
        try:
            return problem(error, path, exchange.request_id)
        except TypeError:
            _log.exception("the details of %s are not JSON", error.code)
            error.details = {}
            return problem(error, path, exchange.request_id)

    def _finish(self, reply: Reply, environ: dict[str, Any], exchange: Exchange, seconds: float) -> Reply:
        reply.headers.append(("X-Request-Id", exchange.request_id))
        if environ.get("PATH_INFO") not in {health.LIVE, health.READY}:
            method = environ.get("REQUEST_METHOD", "")
            known = method if method in _KNOWN_METHODS else "other"
            metrics.finished(self.service, known, exchange.route or "none", reply.status, seconds)
            logs.access(
                service=self.service,
                method=method,
                route=exchange.route,
                path=exchange.path,
                status=reply.status,
                ms=round(seconds * 1000, 2),
                bytes=0 if reply.streams else len(reply.body),  # type: ignore[arg-type]  # streams was asked
                peer=environ.get("REMOTE_ADDR", ""),
                request_id=exchange.request_id,
                caller=exchange.caller,
            )
        return reply

    def _answer(self, environ: dict[str, Any], body: bytes, exchange: Exchange) -> Reply:
        try:
            entrypoint, variables = self._find(environ["REQUEST_METHOD"], environ["PATH_INFO"])
        except MethodNotAllowed as refusal:
            exchange.path = self._unsaid(exchange.path, refusal.details["allow"])
            raise
        door: Door = entrypoint.door
        exchange.route = door.url
        if entrypoint.discreet:
            exchange.path = door.url
        headers = cast("Mapping[str, str]", EnvironHeaders(environ))
        caller = self._caller(door, headers)
        exchange.caller = caller.id
        door.who.admit(caller)
        reading.accepts(environ.get("HTTP_ACCEPT"), door.media_types)
        query = reading.query_of(door, environ["QUERY_STRING"])
        document = reading.body_of(door, environ.get("CONTENT_TYPE"), body)
        key = reading.idempotency_key(door, environ.get("HTTP_IDEMPOTENCY_KEY"))
        request = Request(
            method=environ["REQUEST_METHOD"],
            path=environ["PATH_INFO"],
            route=door.url,
            headers=headers,
            caller=caller,
            body=document,
            query=query,
            raw_body=body,
            idempotency_key=key,
            request_id=exchange.request_id,
            remote_addr=self._proxies.client(environ["REMOTE_ADDR"], environ),
            environ=environ,
        )
        result = self._work(entrypoint, request, variables)
        reply = reply_from(result, door.status)
        if type(result) is dict and result.get("has_more"):
            reply.headers.append(("Link", paging.link(request.path, environ["QUERY_STRING"], result["next"])))
        return self._counted(reply) if reply.streams else reply

    def _find(self, method: str, path: str) -> tuple[Any, dict[str, Any]]:
        if fixed := self._fixed.get((method, path)):
            return fixed, {}
        if path.startswith("//"):
            # werkzeug would take it for the address with one slash.
            raise NotFound(_NOTHING)
        if method not in _KNOWN_METHODS:
            raise MethodNotAllowed(allow=sorted(self._routes.allowed_methods(path)))
        try:
            entrypoint, variables = self._routes.match(path, method)
        except WrongMethod as fault:
            raise MethodNotAllowed(allow=sorted(fault.valid_methods or ())) from None
        except HTTPException:
            # Also werkzeug's redirects: an address that is almost right is not here.
            raise NotFound(_NOTHING) from None
        return entrypoint, dict(variables)

    def _unsaid(self, path: str, allowed: list[str]) -> str:
        """Give what the access log may show of an address that was asked in a wrong way, and may hold a secret."""
        if not allowed:
            return path
        entrypoint, _ = self._find(allowed[0], path)
        return str(entrypoint.door.url) if entrypoint.discreet else path

    def _caller(self, door: Door, headers: Mapping[str, str]) -> Caller:
        try:
            return self._verifier.caller(headers)
        except InvalidToken:
            if door.who.anyone:
                return identity.NOBODY
            raise

    def _work(self, entrypoint: Any, request: Request, variables: dict[str, Any]) -> Any:
        self._take_place()
        try:
            with eventlet.Timeout(entrypoint.door.deadline or self._settings.request_timeout):
                return self._container.work(entrypoint, (request,), variables)
        finally:
            self._container.places.release()

    def _take_place(self) -> None:
        places = self._container.places
        if not self.waiting and places.acquire(blocking=False):
            return
        if self.waiting >= self._settings.max_queue:
            raise Overloaded
        self.waiting += 1
        try:
            if not places.acquire(timeout=self._settings.queue_timeout):
                raise Overloaded
        finally:
            self.waiting -= 1

    def _counted(self, reply: Reply) -> Reply:
        stream = _Counted(self, reply.body)
        if self.streams > self._settings.max_streams:
            stream.close()
            raise Overloaded
        reply.body = stream
        return reply

    def _health(self, path: str) -> Reply | None:
        if path == health.LIVE:
            return _told(200, {"status": "live", "service": self.service})
        if path != health.READY:
            return None
        faults = self._container.readiness.faults()
        if self.draining:
            faults = {**faults, "process": "stopping"}
        elif self._container.free_workers <= 0:
            faults = {**faults, "workers": "all busy"}
        return _told(503 if faults else 200, {"status": "not ready" if faults else "ready", "faults": faults})


class _Counted:
    """An event stream that is counted while it is open."""

    def __init__(self, app: App, chunks: Any) -> None:
        self._app = app
        self._chunks = chunks
        self._open = True
        app.streams += 1

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._chunks)

    def __next__(self) -> bytes:
        return next(self._chunks)  # type: ignore[no-any-return]  # an iterator of bytes

    def close(self) -> None:
        if self._open:
            self._open = False
            self._app.streams -= 1
            if close := getattr(self._chunks, "close", None):
                close()


def _exchange(environ: dict[str, Any]) -> Exchange:
    request_id = context.usable_request_id(environ.get("HTTP_X_REQUEST_ID"))
    context.request_id.set(request_id)
    context.traceparent.set(context.usable_traceparent(environ.get("HTTP_TRACEPARENT")))
    return Exchange(request_id, environ.get("PATH_INFO", ""))


def _told(status: int, body: dict[str, Any]) -> Reply:
    return Reply(status, [("Content-Type", JSON), ("Cache-Control", "no-store")], dump(body))
