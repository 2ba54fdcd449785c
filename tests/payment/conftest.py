"""A till with a real database and real providers; the two peers are stand-ins from ``fakes``."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import eventlet
import pytest
import sqlalchemy as sa

from ordering_platform.payment import (
    checkout,
    counter,
    models,
    paying,
    refund_runs,
    refund_schemas,
    refunding,
    saga,
    schemas,
)
from ordering_platform.payment.arrows import install
from ordering_platform.payment.providers.sandbox import Sandbox
from ordering_platform.payment.till import Till, terms_of
from ordering_platform.runtime import config
from ordering_platform.runtime.errors import DomainError
from ordering_platform.runtime.identity import Caller
from ordering_platform.runtime.ids import new_id
from ordering_platform.runtime.request import Request
from tests.payment.fakes import Orders, Promotions, line
from tests.support import localstripe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ordering_platform.runtime.config import Settings
    from ordering_platform.runtime.database import Transactions
    from ordering_platform.runtime.replies import Reply

KEY = "key-of-the-guest"
GUEST = Caller("guest", id="gst_1", venue="ven_1", session="ses_1", table="tbl_1")
CASHIER = Caller("staff", id="usr_cashier", venue="ven_1", roles=frozenset({"kitchen", "waiter", "cashier"}))


def settings_for(database_url: str) -> Settings:
    """Give the settings of a payment-service on this database."""
    return config.load(
        {},
        database_url=database_url,
        amqp_url="inproc://payment-tests",
        jwks_url="http://127.0.0.1:9/",
        public_url="http://127.0.0.1:9/",
        payment_providers=("cash", "sandbox"),
        sandbox_webhook_secret="whsec_of_the_tests",
        db_pool_size=20,
        db_pool_overflow=40,
    )


@pytest.fixture(scope="session")
def settings(database_url: str) -> Settings:
    return settings_for(database_url)


@dataclass
class Restaurant:
    """Everything a test of payments touches, with short ways to say what guests do."""

    till: Till
    orders: Orders
    promotions: Promotions

    def request(
        self, body: dict[str, Any], *, key: str | None = None, caller: Caller = GUEST, **fields: Any
    ) -> Request:
        path = fields.pop("path", "/v1/checkout")
        schema = fields.pop("schema", schemas.Checkout)
        return Request(
            method="POST",
            path=path,
            route=fields.pop("route", path),
            headers=fields.pop("headers", {}),
            caller=caller,
            body=schema().load_body(body),
            query={},
            raw_body=fields.pop("raw_body", b""),
            idempotency_key=key or new_id("key"),
            request_id="req_test",
            remote_addr="127.0.0.1",
            environ={},
        )

    def check_out(self, key: str | None = None, *, caller: Caller = GUEST, **fields: Any) -> Reply:
        body = {"order_ids": ["ord_1"], "method": "sandbox", **fields}
        if body["method"] == "sandbox":
            body.setdefault("card", {"token": "tok_approve"})
        return checkout.open_bill(self.till, self.request(body, key=key, caller=caller))

    def refused(self, key: str | None = None, **fields: Any) -> DomainError:
        """Give what a checkout is refused with, also when it is a replay."""
        with pytest.raises(DomainError) as caught:
            self.check_out(key, **fields)
        return caught.value

    def give_back(
        self, key: str | None = None, *, payment_id: str | None = None, caller: Caller = CASHIER, **wish: Any
    ) -> Reply:
        """Give back of the newest payment, or of the one named."""
        payment_id = payment_id or self.payment["id"]
        path = f"/v1/payments/{payment_id}/refunds"
        request = self.request(
            {"reason": "cold soup", **wish}, key=key, caller=caller, path=path, schema=refund_schemas.NewRefund
        )
        return refunding.give_back(self.till, replace(request, route="/v1/payments/<payment_id>/refunds"), payment_id)

    def confirm(self) -> None:
        """Let the cashier confirm the newest payment."""
        counter.confirm(self.till, CASHIER, self.payment["id"])

    def split(self, *amounts: int, gross: int | None = None, code: str | None = None) -> list[str]:
        """Open a bill of the order, pay it by these amounts with a card, and give the ids of the payments."""
        if gross is not None:
            self.orders.add("ord_1", line(gross=gross))
        checkout.open_bill(self.till, self.request({"order_ids": ["ord_1"], "code": code}, schema=schemas.NewBill))
        return [self.pay(amount) for amount in amounts]

    def pay(self, amount: int, token: str = "tok_approve") -> str:  # noqa: S107  the name of a test card
        """Pay an amount of the newest bill with a card, and give the id of the payment."""
        body = {"method": "sandbox", "card": {"token": token}, "amount": {"amount": amount, "currency": "EUR"}}
        request = self.request(body, schema=schemas.NewPayment, path=f"/v1/bills/{self.bill['id']}/payments")
        paying.pay(self.till, request, self.bill["id"])
        return str(self.payment["id"])

    def refund_refused(self, key: str | None = None, **wish: Any) -> DomainError:
        """Give what a refund is refused with."""
        with pytest.raises(DomainError) as caught:
            self.give_back(key, **wish)
        return caught.value

    def sweep(self) -> int:
        return saga.sweep(self.till) + refund_runs.sweep(self.till)

    def make_due(self) -> None:
        """Let every lease run out and every pause be over."""
        self.execute(sa.update(models.bills).values(next_run_at=sa.func.now()))
        left = models.refunds.c.next_run_at.is_not(None)
        self.execute(sa.update(models.refunds).where(left).values(next_run_at=sa.func.now()))

    def age(self, seconds: float) -> None:
        """Let time pass for everything that was made so far."""
        for table in (models.bills, models.payments, models.refunds):
            earlier = table.c.created_at - sa.func.make_interval(0, 0, 0, 0, 0, 0, seconds)
            self.execute(sa.update(table).values(created_at=earlier))
        self.make_due()

    def reconnect(self) -> None:
        """Let go of connections that may have been cut."""
        for engine in (self.till.db.engine, self.sandbox().books.engine):
            engine.dispose()

    def execute(self, statement: Any) -> None:
        with self.till.db.transaction() as tx:
            tx.execute(statement)

    def rows(self, table: sa.Table) -> list[dict[str, Any]]:
        with self.till.db.read() as tx:
            return [dict(row) for row in tx.execute(sa.select(table).order_by(table.c[0])).mappings()]

    @property
    def bill(self) -> dict[str, Any]:
        """The newest bill."""
        return self.rows(models.bills)[-1]

    @property
    def payment(self) -> dict[str, Any]:
        """The newest payment."""
        return self.rows(models.payments)[-1]

    @property
    def charged(self) -> list[dict[str, Any]]:
        """What the sandbox has really charged, by its own books."""
        return [one for one in self.rows(models.sandbox_charges) if one["status"] == "captured"]

    def start_over(self) -> None:
        """Forget everything: a new evening, one unpaid order."""
        # Receipts refuse to be deleted.
        self.execute(sa.text("TRUNCATE payments.receipts"))
        for table in reversed(models.metadata.sorted_tables):
            self.execute(sa.delete(table))
        self.orders.__init__()  # type: ignore[misc]  # a fresh one in the same place
        self.promotions.__init__()  # type: ignore[misc]  # as above
        self.orders.add()

    def sandbox(self) -> Sandbox:
        found = self.till.terms.providers["sandbox"]
        assert isinstance(found, Sandbox)
        return found

    def with_terms(self, **terms: Any) -> Restaurant:
        return Restaurant(replace(self.till, terms=replace(self.till.terms, **terms)), self.orders, self.promotions)


def restaurant_on(db: Transactions, settings: Settings) -> Restaurant:
    """Open a restaurant with one unpaid order."""
    orders, promotions = Orders(), Promotions()
    orders.add()
    return Restaurant(Till(db, orders, promotions, terms_of(settings)), orders, promotions)


@pytest.fixture
def restaurant(db: Transactions, settings: Settings) -> Restaurant:
    return restaurant_on(db, settings)


class Killed(BaseException):
    """The process dies here; nothing catches it."""


@pytest.fixture
def kill_at() -> Iterator[Callable[[str], None]]:
    """Give a way to let the driver die once when it passes a point."""
    undo: list[Callable[[], None]] = []

    def arm(point: str) -> None:
        def die(passed: str) -> None:
            if passed == point:
                undo.pop()()
                raise Killed(point)

        undo.append(install(die))

    yield arm
    for take_out in undo:
        take_out()


def at_once(number: int, work: Callable[[int], Any]) -> list[Any]:
    """Run ``work(0..number-1)`` at the same time and give what each returned or raised."""

    def caught(place: int) -> Any:
        try:
            return work(place)
        except DomainError as fault:
            return fault

    return [thread.wait() for thread in [eventlet.spawn(caught, place) for place in range(number)]]


@pytest.fixture(scope="session")
def stripe_port() -> Iterator[int]:
    """Run localstripe for all tests that need it."""
    with localstripe.localstripe() as port:
        yield port


@pytest.fixture
def desk(stripe_port: int) -> Iterator[localstripe.Desk]:
    """Open the desk before localstripe that this test may let misbehave."""
    with localstripe.desk(stripe_port) as front:
        yield front


@pytest.fixture
def stripe_settings(settings: Settings, desk: localstripe.Desk) -> Settings:
    """Give the settings of a payment-service that takes cards through Stripe."""
    return replace(
        settings,
        payment_providers=("cash", "sandbox", "stripe"),
        stripe_secret_key=localstripe.KEY,
        stripe_webhook_secret="whsec_of_stripe",
        stripe_api_base=desk.url,
    )
