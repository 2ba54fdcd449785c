"""The doors of payment-service over HTTP: who may enter, what is refused before anything happens, what is promised."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from ordering_platform.embedded import broker  # noqa: F401  makes inproc:// known
from ordering_platform.order import errors as _order_errors  # noqa: F401  relayed codes are looked up among the imported
from ordering_platform.payment import models
from ordering_platform.payment.service import PaymentService
from ordering_platform.promotion import errors as _promotion_errors  # noqa: F401  as above
from ordering_platform.runtime.entrypoints import http
from ordering_platform.runtime.identity import ANYONE
from ordering_platform.runtime.ids import new_id
from ordering_platform.runtime.provided import Provided
from ordering_platform.runtime.runner import Runner, Served
from tests.payment.fakes import Orders, Promotions
from tests.support import services, tokens
from tests.support.http import Response, call, free_port
from tests.support.promised import Promises

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ordering_platform.runtime.request import Request
    from tests.payment.conftest import Restaurant

ORDERS, PROMOTIONS = Orders(), Promotions()
PROMISES = Promises(PaymentService)
MINE: dict[str, Any] = {"venue": "ven_1", "session": "ses_1", "sub": "gst_1"}
CHECKOUT: dict[str, Any] = {"order_ids": ["ord_1"], "method": "sandbox", "card": {"token": "tok_approve"}}


class Desk(PaymentService):
    """Payment-service as it is, with stand-ins where it would call its peers, and the key the tests sign with."""

    order = Provided(lambda _: ORDERS)
    promotion = Provided(lambda _: PROMOTIONS)

    @http("GET", "/.well-known/jwks.json", who=ANYONE)
    def jwks(self, _request: Request) -> dict[str, Any]:
        return tokens.jwks()


class Doors:
    """The doors of the running service; ``who`` is a role, ``guest`` or nobody."""

    def __init__(self, port: int) -> None:
        self.port = port

    def __call__(
        self, who: str, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, **claims: Any
    ) -> Response:
        """Knock; a ``body`` of bytes is sent as it is."""
        claims = {**(MINE if who == "guest" else {"venue": "ven_1"}), **claims}
        shown = tokens.bearer("guest" if who == "guest" else "staff", "" if who == "guest" else who, **claims)
        sent = {"Idempotency-Key": new_id("key"), **(shown if who else {}), **(headers or {})}
        raw = body if isinstance(body, bytes) else None
        answer = call(self.port, method, path, None if raw is not None else body, sent, raw=raw)
        PROMISES.check(method, path, answer)
        return answer

    def check_out(self, who: str = "guest", headers: dict[str, str] | None = None, **fields: Any) -> Response:
        return self(who, "POST", "/v1/checkout", {**CHECKOUT, **fields}, headers)


@pytest.fixture(scope="module")
def running_doors(database_url: str) -> Iterator[Doors]:
    """Run the service for these tests only: its sweeper would drive the bills of all others too."""
    chosen = services.settings(
        http_port=free_port(),
        database_url=database_url,
        amqp_url="inproc://payment-tests",
        payment_providers=("cash", "sandbox"),
        sandbox_webhook_secret="whsec_of_the_tests",
        db_pool_size=20,
        db_pool_overflow=40,
    )
    runner = Runner([Served(Desk, chosen)])
    runner.start()
    yield Doors(chosen.http_port)
    runner.stop()


@pytest.fixture
def doors(running_doors: Doors, restaurant: Restaurant) -> Doors:  # noqa: ARG001  it empties the database behind the test
    ORDERS.__init__()  # type: ignore[misc]  # a fresh one in the same place
    PROMOTIONS.__init__()  # type: ignore[misc]  # as above
    ORDERS.add()
    return running_doors


WAITING: dict[str, Any] = {"method": "cash", "card": None}

DOORS: list[tuple[str, str, Any]] = [
    ("GET", "/v1/payment-methods", None),
    ("POST", "/v1/checkout/quote", {"order_ids": ["ord_1"]}),
    ("POST", "/v1/checkout", CHECKOUT),
    ("POST", "/v1/bills", {"order_ids": ["ord_1"]}),
    ("GET", "/v1/bills", None),
    ("GET", "/v1/bills/bil_1", None),
    ("POST", "/v1/bills/bil_1/cancel", None),
    ("POST", "/v1/bills/bil_1/payments", {"method": "cash"}),
    ("GET", "/v1/payments/pay_1", None),
    ("POST", "/v1/payments/pay_1/confirm", None),
    ("POST", "/v1/payments/pay_1/challenge", {"approve": True}),
]


class TestWhoMayEnter:
    @pytest.mark.parametrize(("method", "path", "body"), DOORS)
    def test_nobody_enters_without_a_token(self, doors: Doors, method: str, path: str, body: Any) -> None:
        assert doors("", method, path, body).status == 401

    @pytest.mark.parametrize(("method", "path", "body"), DOORS)
    def test_the_kitchen_has_no_business_with_money(self, doors: Doors, method: str, path: str, body: Any) -> None:
        assert doors("kitchen", method, path, body).code == "role_not_allowed"

    @pytest.mark.parametrize("who", ["guest", "waiter"])
    def test_only_cashiers_confirm(self, doors: Doors, restaurant: Restaurant, who: str) -> None:
        payment_id = doors.check_out(**WAITING).json["payment"]["id"]
        assert doors(who, "POST", f"/v1/payments/{payment_id}/confirm").code == "role_not_allowed"
        assert restaurant.payment["status"] == "processing"
        assert doors("cashier", "POST", f"/v1/payments/{payment_id}/confirm").json["status"] == "captured"

    @pytest.mark.parametrize(
        ("who", "claims"),
        [("guest", {"session": "ses_2", "sub": "gst_2"}), ("owner", {"venue": "ven_2"}), ("guest", {"venue": "ven_2"})],
    )
    def test_what_belongs_to_others_is_not_found(self, doors: Doors, who: str, claims: dict[str, Any]) -> None:
        told = doors.check_out(card={"token": "tok_3ds"}).json
        bill, payment = f"/v1/bills/{told['bill']['id']}", f"/v1/payments/{told['payment']['id']}"
        assert doors(who, "GET", bill, **claims).code == "bill_not_found"
        assert doors(who, "POST", f"{bill}/cancel", **claims).code == "bill_not_found"
        assert doors(who, "POST", f"{bill}/payments", {"method": "cash"}, **claims).code == "bill_not_found"
        assert doors(who, "GET", payment, **claims).code == "payment_not_found"
        assert doors(who, "POST", f"{payment}/challenge", {"approve": True}, **claims).code == "payment_not_found"
        assert doors(who, "POST", "/v1/checkout", CHECKOUT, **claims).code == "order_not_found"
        assert doors(who, "GET", "/v1/bills", **claims).json["data"] == []

    def test_the_whole_table_sees_its_bills(self, doors: Doors) -> None:
        told = doors.check_out().json
        other = doors("guest", "GET", f"/v1/bills/{told['bill']['id']}", sub="gst_of_the_same_table")
        assert other.json == told["bill"]


class TestAnswers:
    def test_a_checkout_can_be_looked_at_afterwards(self, doors: Doors) -> None:
        reply = doors.check_out(code="TEN")
        assert reply.status == 201
        told = reply.json
        assert doors("guest", "GET", f"/v1/bills/{told['bill']['id']}").json == told["bill"]
        assert doors("guest", "GET", f"/v1/payments/{told['payment']['id']}").json == told["payment"]

    def test_a_repeat_is_marked_and_equal_to_the_letter(self, doors: Doors) -> None:
        first = doors.check_out(headers={"Idempotency-Key": "key-of-the-guest"})
        again = doors.check_out(headers={"Idempotency-Key": '"key-of-the-guest"'})
        assert (first.status, first.body) == (again.status, again.body) == (201, first.body)
        assert "idempotency-replayed" not in first.headers
        assert again.headers["idempotency-replayed"] == "true"

    def test_a_decline_is_a_problem_document_also_when_it_is_replayed(self, doors: Doors) -> None:
        key: dict[str, str] = {"Idempotency-Key": "key-of-the-guest"}
        first, again = (doors.check_out(headers=key, card={"token": "tok_decline"}) for _ in range(2))
        assert (first.status, first.code) == (again.status, again.code) == (402, "payment_declined")
        told = [{**one.json, "request_id": ""} for one in (first, again)]
        assert told[0] == told[1]

    def test_the_new_quote_comes_with_the_refusal(self, doors: Doors) -> None:
        refusal = doors.check_out(expected_total={"amount": 1, "currency": "EUR"})
        assert (refusal.status, refusal.code) == (409, "price_changed")
        assert refusal.json["details"]["quote"]["total"] == {"amount": 1000, "currency": "EUR"}

    def test_the_ways_to_pay_come_in_the_order_of_the_settings(self, doors: Doors) -> None:
        offered = doors("guest", "GET", "/v1/payment-methods").json["data"]
        assert [(one["id"], one["kind"]) for one in offered] == [("cash", "counter"), ("sandbox", "online")]

    def test_staff_find_what_waits_at_the_counter(self, doors: Doors) -> None:
        waiting = doors.check_out(**WAITING).json
        ORDERS.add("ord_2")
        doors.check_out(order_ids=["ord_2"])
        found = doors("cashier", "GET", "/v1/bills?status=paying&session_id=ses_1").json
        assert found["data"] == [waiting["bill"]]

    def test_bills_come_in_pages_newest_first(self, doors: Doors) -> None:
        made = []
        for number in range(3):
            ORDERS.add(f"ord_{number}")
            made.append(doors.check_out(order_ids=[f"ord_{number}"]).json["bill"]["id"])
        first = doors("waiter", "GET", "/v1/bills?limit=2").json
        assert first["has_more"]
        rest = doors("waiter", "GET", f"/v1/bills?limit=2&after={first['next']}").json
        assert [one["id"] for one in first["data"] + rest["data"]] == made[::-1]
        assert not rest["has_more"]

    def test_a_quote_reserves_nothing(self, doors: Doors) -> None:
        quoted = doors("guest", "POST", "/v1/checkout/quote", {"session": True, "code": "TEN"})
        assert quoted.json["total"] == {"amount": 900, "currency": "EUR"}
        assert ORDERS.is_free()

    def test_a_bill_is_shared_by_two_payments(self, doors: Doors) -> None:
        bill = doors("guest", "POST", "/v1/bills", {"order_ids": ["ord_1"]}).json
        part = {"method": "sandbox", "card": {"token": "tok_approve"}, "amount": {"amount": 400, "currency": "EUR"}}
        doors("guest", "POST", f"/v1/bills/{bill['id']}/payments", part)
        rest = doors("guest", "POST", f"/v1/bills/{bill['id']}/payments", {"method": "cash"}).json
        doors("cashier", "POST", f"/v1/payments/{rest['id']}/confirm")
        assert doors("guest", "GET", f"/v1/bills/{bill['id']}").json["status"] == "completed"

    def test_a_card_holder_answers_at_the_address_they_are_given(self, doors: Doors) -> None:
        told = doors.check_out(card={"token": "tok_3ds"}).json["payment"]
        answer = doors("guest", "POST", told["next_action"]["url"], {"approve": True})
        assert answer.json["status"] == "captured"

    def test_a_signed_webhook_needs_no_token(self, doors: Doors, restaurant: Restaurant) -> None:
        payment_id = doors.check_out(card={"token": "tok_delay"}).json["payment"]["id"]
        restaurant.execute(sa.update(models.sandbox_charges).values(settles_at=sa.func.now()))
        headers, body = restaurant.sandbox().webhook(payment_id)
        assert doors("", "POST", "/v1/webhooks/sandbox", body, headers).json == {"received": True}
        assert doors("guest", "GET", f"/v1/payments/{payment_id}").json["status"] == "captured"

    def test_a_forged_webhook_is_refused(self, doors: Doors) -> None:
        assert doors("", "POST", "/v1/webhooks/sandbox", b"{}").code == "webhook_invalid"
        assert doors("", "POST", "/v1/webhooks/stripe", b"{}").code == "provider_not_found"


class TestBadInput:
    """Refused before anything is kept; the same key may be used for the corrected request."""

    @pytest.mark.parametrize(
        ("fields", "pointer"),
        [
            ({"order_ids": []}, "/order_ids"),
            ({"order_ids": ["nonsense"]}, "/order_ids/0"),
            ({"order_ids": ["ord_1", "ord_1"]}, "/order_ids"),
            ({"order_ids": [f"ord_{n}" for n in range(51)]}, "/order_ids"),
            ({"session": True}, "/order_ids"),
            ({"order_ids": None}, "/order_ids"),
            ({"amount": {"amount": 1, "currency": "EUR"}}, "/amount"),
            ({"total": 1}, "/total"),
            ({"status": "captured"}, "/status"),
            ({"method": None}, "/method"),
            ({"method": "x" * 65}, "/method"),
            ({"card": "tok_approve"}, "/card"),
            ({"card": {"token": "tok_approve", "number": "4242"}}, "/card/number"),
            ({"tip": 100}, "/tip"),
            ({"tip": {"amount": -1, "currency": "EUR"}}, "/tip/amount"),
            ({"tip": {"amount": 12.0, "currency": "EUR"}}, "/tip/amount"),
            ({"tip": {"amount": "12", "currency": "EUR"}}, "/tip/amount"),
            ({"tip": {"amount": True, "currency": "EUR"}}, "/tip/amount"),
            ({"tip": {"amount": 2**63, "currency": "EUR"}}, "/tip/amount"),
            ({"tip": {"amount": 1, "currency": "euro"}}, "/tip/currency"),
            ({"codes": ["x"] * 11}, "/codes"),
            ({"code": "x" * 65}, "/code"),
            ({"code": 7}, "/code"),
            ({"expected_total": {"amount": 1}}, "/expected_total/currency"),
        ],
    )
    def test_a_field_that_does_not_fit_is_pointed_at(
        self, doors: Doors, restaurant: Restaurant, fields: dict[str, Any], pointer: str
    ) -> None:
        key: dict[str, str] = {"Idempotency-Key": "key-of-the-guest"}
        refusal = doors.check_out(headers=key, **fields)
        assert (refusal.status, refusal.code) == (422, "validation_failed")
        assert pointer in [fault["pointer"] for fault in refusal.json["errors"]]
        assert restaurant.rows(models.bills) == []
        assert doors.check_out(headers=key).status == 201

    @pytest.mark.parametrize(
        ("path", "body"),
        [
            ("/v1/checkout", CHECKOUT),
            ("/v1/bills", {"order_ids": ["ord_1"]}),
            ("/v1/bills/bil_1/payments", {"method": "cash"}),
        ],
    )
    def test_what_moves_money_wants_a_key(self, doors: Doors, path: str, body: Any) -> None:
        for key in ("short", "x" * 256):
            assert doors("guest", "POST", path, body, {"Idempotency-Key": key}).code == "idempotency_key_invalid"
        bare = call(doors.port, "POST", path, body, tokens.bearer("guest", **MINE))
        assert (bare.status, bare.code) == (400, "idempotency_key_missing")

    @pytest.mark.parametrize("bill_id", ["x", "bil_", "bil_UPPER", "1 OR 1=1", "bil_1';--", "%00", "b" * 300])
    def test_an_id_nobody_has_made_is_not_found(self, doors: Doors, bill_id: str) -> None:
        answer = call(
            doors.port, "GET", f"/v1/bills/{bill_id.replace(' ', '%20')}", None, tokens.bearer("guest", **MINE)
        )
        assert answer.status in {400, 404}

    @pytest.mark.parametrize("query", ["status=lost", "limit=0", "limit=101", "after=zzz", "color=red", "session_id=1"])
    def test_a_query_that_does_not_fit_is_refused(self, doors: Doors, query: str) -> None:
        assert doors("waiter", "GET", f"/v1/bills?{query}").status == 400

    def test_a_body_of_many_kilobytes_is_refused_unread(self, doors: Doors) -> None:
        body = json.dumps({"order_ids": ["ord_1"], "code": "x" * 70_000}).encode()
        headers = {**tokens.bearer("guest", **MINE), "Idempotency-Key": "key-of-the-guest"}
        assert call(doors.port, "POST", "/v1/checkout", None, headers, raw=body).status == 413
