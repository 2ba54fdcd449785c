"""A small service that uses every kind of door; the floor's tests knock on it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import eventlet
from eventlet.event import Event

from ordering_platform.runtime import context, streams
from ordering_platform.runtime.entrypoints import http
from ordering_platform.runtime.errors import Conflict
from ordering_platform.runtime.identity import ANYONE, GUEST, staff
from ordering_platform.runtime.request import Answer, EventStream
from ordering_platform.runtime.schemas import Int, RequestSchema, ResponseSchema, Text
from tests.support import tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ordering_platform.runtime.request import Request


class SoldOut(Conflict):
    """The cake is sold out; choose another one."""


class NewCake(RequestSchema):
    name = Text(max=20, required=True)
    pieces = Int(min=1, max=12)


class CakeQuery(RequestSchema):
    limit = Int(min=1, max=100, in_query=True)


class Cake(ResponseSchema):
    name = Text(max=20)


class Shop:
    """Sells cakes; ``held`` requests wait until the test lets them go."""

    name = "shop"
    gate: Event
    entered = 0
    left = 0
    closed_streams = 0

    @classmethod
    def fresh(cls) -> type[Shop]:
        """Give a shop with nobody in it."""
        return type("Shop", (cls,), {"gate": Event(), "entered": 0, "left": 0, "closed_streams": 0})

    @http("GET", "/.well-known/jwks.json", who=ANYONE)
    def jwks(self, _request: Request) -> dict[str, Any]:
        return tokens.jwks()

    @http("GET", "/cakes", who=ANYONE, query=CakeQuery, answers=Cake)
    def cakes(self, request: Request) -> dict[str, Any]:
        """List the cakes.

        All of them.
        """
        return {"query": request.query, "at": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)}

    @http("GET", "/cakes/<cake_id>", who=ANYONE, answers=Cake)
    def cake(self, request: Request, cake_id: str) -> dict[str, Any]:
        return {"id": cake_id, "path": request.path, "route": request.route}

    @http("POST", "/cakes", who=staff("waiter"), body=NewCake, answers=Cake, status=201, raises=(SoldOut,))
    def bake(self, request: Request) -> dict[str, Any]:
        return {"body": request.body, "by": request.caller.id}

    @http("POST", "/open-cakes", who=ANYONE, body=NewCake, answers=Cake, status=201)
    def bake_openly(self, request: Request) -> dict[str, Any]:
        return {"body": request.body}

    @http("POST", "/orders", who=GUEST, body=NewCake, idempotent=True, status=201)
    def order(self, request: Request) -> dict[str, Any]:
        return {"key": request.idempotency_key, "by": request.caller.id}

    @http("POST", "/keyed", who=ANYONE, idempotent=True)
    def keyed(self, request: Request) -> dict[str, Any]:
        return {"key": request.idempotency_key}

    @http("POST", "/webhook", who=ANYONE, raw=True)
    def webhook(self, request: Request) -> dict[str, Any]:
        return {"length": len(request.raw_body), "type": request.headers.get("Content-Type")}

    @http("GET", "/sold-out", who=ANYONE)
    def sold_out(self, _request: Request) -> dict[str, Any]:
        raise SoldOut(cake="Linzer", retry_after=3)

    @http("GET", "/broken", who=ANYONE)
    def broken(self, _request: Request) -> dict[str, Any]:
        raise ZeroDivisionError("password=hunter2")

    @http("GET", "/timeout", who=ANYONE)
    def escaping_timeout(self, _request: Request) -> dict[str, Any]:
        raise eventlet.Timeout

    @http("GET", "/exit", who=ANYONE)
    def exit(self, _request: Request) -> dict[str, Any]:
        raise SystemExit(3)

    @http("GET", "/unsendable", who=ANYONE)
    def unsendable(self, _request: Request) -> dict[str, Any]:
        return {"what": object()}

    @http("GET", "/header/<kind>", who=ANYONE)
    def header(self, _request: Request, kind: str) -> Answer:
        values = {"crlf": "a\r\nSet-Cookie: b", "snowman": "\u2603", "fine": "caf\xe9"}
        return Answer({}, headers={"X-Cake": values[kind]})

    @http("GET", "/picture", who=ANYONE, produces=("image/svg+xml",))
    def picture(self, _request: Request) -> Answer:
        return Answer(b"<svg/>", headers={"Content-Type": "image/svg+xml"})

    @http("GET", "/receipts/<token>", who=ANYONE)
    def receipt(self, _request: Request, token: str) -> dict[str, Any]:
        return {"known": bool(token)}

    @http("GET", "/large", who=ANYONE)
    def large(self, _request: Request) -> Answer:
        return Answer(bytes(20_000_000), headers={"Content-Type": "application/octet-stream"})

    @http("DELETE", "/cakes/<cake_id>", who=ANYONE, status=204)
    def eat(self, _request: Request, cake_id: str) -> None:
        assert cake_id

    @http("GET", "/held", who=ANYONE, deadline=30.0)
    def held(self, _request: Request) -> dict[str, Any]:
        cls = type(self)
        cls.entered += 1
        cls.gate.wait()
        cls.left += 1
        return {"held": True}

    @http("GET", "/late", who=ANYONE, deadline=0.2)
    def late(self, _request: Request) -> dict[str, Any]:
        cls = type(self)
        cls.entered += 1
        try:
            cls.gate.wait()
        finally:
            cls.left += 1
        return {}

    @http("GET", "/nap/<float:seconds>", who=ANYONE)
    def nap(self, _request: Request, seconds: float) -> dict[str, Any]:
        eventlet.sleep(seconds)
        return {"request_id": context.request_id.get()}

    @http("GET", "/who", who=ANYONE)
    def who(self, request: Request) -> dict[str, Any]:
        return {"addr": request.remote_addr, "kind": request.caller.kind, **context.headers()}

    @http("GET", "/events", who=ANYONE, produces=("text/event-stream",))
    def events(self, request: Request) -> EventStream:
        return EventStream(self._events(request))

    @http("GET", "/quiet", who=ANYONE)
    def quiet(self, request: Request) -> EventStream:
        return EventStream(self._quiet(request))

    @http("GET", "/breaking", who=ANYONE)
    def breaking(self, _request: Request) -> EventStream:
        return EventStream(self._breaking())

    @http("GET", "/flood", who=ANYONE)
    def flood(self, _request: Request) -> EventStream:
        return EventStream(iter(lambda: bytes(1_000_000), b""))

    def _breaking(self) -> Iterator[bytes]:
        yield streams.PING
        raise eventlet.Timeout

    def _events(self, _request: Request) -> Iterator[bytes]:
        number = 0
        try:
            while True:
                number += 1
                yield streams.sse(str(number), "cake", {"number": number})
                eventlet.sleep(0.01)
        finally:
            type(self).closed_streams += 1

    def _quiet(self, _request: Request) -> Iterator[bytes]:
        try:
            yield streams.PING
            type(self).gate.wait()
        finally:
            type(self).closed_streams += 1
