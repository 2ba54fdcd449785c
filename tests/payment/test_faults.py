"""Messages lost, doubled and late, a database that cuts every connection: one charge, and everything settled."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from ordering_platform.payment import counter, models
from ordering_platform.payment.arrows import install
from ordering_platform.payment.states import POINTS
from ordering_platform.runtime.database import DatabaseUnavailable, driver_url
from ordering_platform.runtime.errors import DeadlineExceeded, DomainError
from tests.payment.conftest import GUEST, KEY, Restaurant
from tests.payment.ways import ALL, WAYS, act, carry_on, passed_on, settled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ordering_platform.runtime.config import Settings
    from ordering_platform.runtime.replies import Reply

PEER_CALLS = sorted(
    point.removeprefix("before ") for point in POINTS if point.startswith(("before order.", "before promotion."))
)


# Two calls of payment-service are one method of order-service.
METHODS = sorted({call.partition(".")[2].replace("mark_partially_paid", "mark_paid") for call in PEER_CALLS})


@dataclass
class Unreliable:
    """A peer behind a bad line: every call is delivered ``times``, the reply to ``lost`` never comes back once.

    The first call of ``late`` is under way for so long that nobody waits for it any more.
    """

    peer: Any
    lost: str = ""
    late: str = ""
    times: int = 1
    tripped: list[str] = field(default_factory=list)
    under_way: list[dict[str, Any]] = field(default_factory=list)

    def __getattr__(self, method: str) -> Callable[..., Any]:
        def call(**fields: Any) -> Any:
            if method == self.late and not self.under_way:
                self.under_way.append(fields)
                raise DeadlineExceeded
            answers = [getattr(self.peer, method)(**fields) for _ in range(self.times)]
            assert all(answer == answers[0] for answer in answers) or method in {"release", "unlock"}
            if method == self.lost and not self.tripped:
                self.tripped.append(method)
                raise DeadlineExceeded
            return answers[0]

        return call

    def deliver(self) -> int:
        """Let what was under way arrive, again if asked again; gives the number of messages."""
        for fields in self.under_way:
            with suppress(DomainError):
                getattr(self.peer, self.late)(**fields)
        return len(self.under_way)


def behind(restaurant: Restaurant, **line: Any) -> Restaurant:
    """Put both peers behind a bad line."""
    till = replace(
        restaurant.till,
        order=Unreliable(restaurant.orders, **line),
        promotion=Unreliable(restaurant.promotions, **line),
    )
    return Restaurant(till, restaurant.orders, restaurant.promotions)


def patient(restaurant: Restaurant, **fields: Any) -> Reply | DomainError:
    """Repeat a checkout with its key, as a phone does, until the answer is definite."""
    for _ in range(12):
        try:
            return restaurant.check_out(KEY, **fields)
        except DomainError as fault:
            if fault.status < 500 and fault.retry_after is None:
                return fault
        restaurant.reconnect()
        restaurant.make_due()
        with suppress(DatabaseUnavailable):
            restaurant.sweep()
    raise AssertionError("there was no definite answer")


@pytest.mark.parametrize("call", PEER_CALLS)
@pytest.mark.parametrize("way", ["approved", "declined", "free"])
def test_a_reply_may_be_lost(restaurant: Restaurant, call: str, way: str) -> None:
    peer, _, method = call.partition(".")
    unlucky = behind(restaurant, lost=method if peer else "")
    patient(unlucky, **WAYS[way])
    carry_on(unlucky, way)
    settled(unlucky)


@pytest.mark.parametrize("way", ALL)
def test_every_message_may_be_delivered_twice(restaurant: Restaurant, way: str) -> None:
    twice = behind(restaurant, times=2)
    act(twice, way)
    carry_on(twice, way)
    settled(twice)


def deliver(restaurant: Restaurant) -> int:
    """Let everything arrive that was under way to both peers."""
    assert isinstance(restaurant.till.order, Unreliable)
    assert isinstance(restaurant.till.promotion, Unreliable)
    return restaurant.till.order.deliver() + restaurant.till.promotion.deliver()


@pytest.mark.parametrize("way", ["approved", "declined", "free", "price changed", "paid in two parts"])
@pytest.mark.parametrize("method", METHODS)
def test_a_message_may_come_when_its_bill_has_ended(restaurant: Restaurant, method: str, way: str) -> None:
    slow = behind(restaurant, late=method)
    act(slow, way)
    carry_on(slow, way)
    settled(slow)
    before = restaurant.orders.orders["ord_1"].copy()
    deliver(slow)
    assert restaurant.orders.orders["ord_1"] == before
    settled(slow)


@pytest.mark.parametrize("method", ["lock_for_bill", "apply", "release", "unlock"])
def test_a_late_message_of_one_bill_does_not_disturb_the_next(restaurant: Restaurant, method: str) -> None:
    """The next bill holds the order and the only use of the code, and waits for its card holder."""
    restaurant.promotions.limits["TEN"] = 1
    slow = behind(restaurant, late=method)
    act(slow, "declined")
    carry_on(slow, "declined")
    slow.check_out(code="TEN", card={"token": "tok_3ds"})
    bill, payment = slow.bill["id"], slow.payment["id"]
    assert deliver(slow) == 1
    assert restaurant.orders.orders["ord_1"]["held_by"] == bill
    assert restaurant.promotions.used("TEN") == 1
    counter.challenge(slow.till, GUEST, payment, approve=True)
    assert deliver(slow) == 1
    settled(slow)
    assert [one["id"] for one in slow.charged] == [payment]


@pytest.mark.parametrize("way", ["approved", "declined"])
def test_the_database_may_cut_every_connection(restaurant: Restaurant, settings: Settings, way: str) -> None:
    """At every point once: the guest repeats, the sweeper helps, nobody pays twice."""
    admin = sa.create_engine(driver_url(settings.database_url), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    cut = sa.text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ordering-platform'")
    for point in sorted(passed_on(restaurant, way)):
        restaurant.start_over()
        armed = [point]

        def trip(passed: str, armed: list[str] = armed) -> None:
            if passed in armed:
                armed.clear()
                with admin.connect() as connection:
                    connection.execute(cut)

        take_out = install(trip)
        patient(restaurant, **WAYS[way])
        take_out()
        restaurant.reconnect()
        carry_on(restaurant, way)
        assert not armed
        settled(restaurant)


@pytest.fixture
def newer_release(restaurant: Restaurant) -> Iterator[Callable[[], None]]:
    """Give a way to migrate as a newer release would: a column more on every table."""
    tables = [table.fullname for table in models.metadata.sorted_tables]

    def migrate() -> None:
        for table in tables:
            restaurant.execute(sa.text(f"ALTER TABLE {table} ADD COLUMN of_a_newer_release text"))

    yield migrate
    for table in tables:
        restaurant.execute(sa.text(f"ALTER TABLE {table} DROP COLUMN IF EXISTS of_a_newer_release"))


def test_a_release_that_goes_on_serving_while_a_newer_one_migrates(
    restaurant: Restaurant, newer_release: Callable[[], None]
) -> None:
    """Statements planned before the migration are run after it, on the same connections."""
    for number in range(3):
        if number == 1:
            newer_release()
        restaurant.orders.add(f"ord_{number}")
        assert restaurant.check_out(order_ids=[f"ord_{number}"], code="TEN").status == 201
        restaurant.sweep()
    assert [one["status"] for one in restaurant.rows(models.bills)] == ["completed"] * 3
