"""A key is carried out once, whatever the network and impatient fingers do."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import eventlet
import pytest
import sqlalchemy as sa

from ordering_platform.runtime.errors import Conflict, IdempotencyInProgress, IdempotencyKeyReused
from ordering_platform.runtime.idempotency import REPLAYED, forget, key_table, once
from ordering_platform.runtime.identity import Caller
from ordering_platform.runtime.request import Answer, Request

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ordering_platform.runtime.database import Transactions


@pytest.fixture
def keys(db: Transactions) -> Iterator[sa.Table]:
    table = key_table(sa.MetaData())
    with db.transaction() as tx:
        table.create(tx)
    yield table
    with db.transaction() as tx:
        table.drop(tx)


def request(key: str = "a-key-of-mine", body: Any = None, caller: str = "gst_1") -> Request:
    return Request(
        method="POST",
        path="/v1/orders",
        route="/v1/orders",
        headers={},
        caller=Caller("guest", id=caller),
        body=body or {"dish": "soup"},
        query={},
        raw_body=b"",
        idempotency_key=key,
        request_id="r",
        remote_addr="127.0.0.1",
        environ={},
    )


def cook(done: list[str], name: str = "soup") -> Answer:
    done.append(name)
    return Answer({"n": len(done), "name": name}, 201, {"ETag": '"1"'})


def send(db: Transactions, keys: sa.Table, one: Request, done: list[str]) -> Answer:
    with db.transaction() as tx:
        return once(tx, keys, one, lambda: cook(done))


def test_a_repeat_gets_the_first_answer_to_the_letter(db: Transactions, keys: sa.Table) -> None:
    done: list[str] = []
    first, again = (send(db, keys, request(), done) for _ in range(2))
    assert done == ["soup"]
    assert (again.body, again.status) == (first.body, 201)
    assert again.headers == {**first.headers, REPLAYED: "true"}


def test_another_body_under_the_same_key_is_refused(db: Transactions, keys: sa.Table) -> None:
    done: list[str] = []
    send(db, keys, request(), done)
    with pytest.raises(IdempotencyKeyReused):
        send(db, keys, request(body={"dish": "cake"}), done)
    assert done == ["soup"]


def test_key_order_in_the_body_does_not_matter(db: Transactions, keys: sa.Table) -> None:
    done: list[str] = []
    send(db, keys, request(body={"a": 1, "b": 2}), done)
    send(db, keys, request(body={"b": 2, "a": 1}), done)
    assert done == ["soup"]


def test_keys_of_different_callers_and_routes_are_independent(db: Transactions, keys: sa.Table) -> None:
    done: list[str] = []
    send(db, keys, request(), done)
    send(db, keys, request(caller="gst_2"), done)
    send(db, keys, replace(request(), route="/v1/checkout"), done)
    assert len(done) == 3


def test_a_failure_keeps_nothing(db: Transactions, keys: sa.Table) -> None:
    def refuse() -> Answer:
        raise Conflict

    with pytest.raises(Conflict), db.transaction() as tx:
        once(tx, keys, request(), refuse)
    done: list[str] = []
    assert send(db, keys, request(), done).status == 201


def test_fifty_at_once_are_carried_out_once(db: Transactions, keys: sa.Table) -> None:
    done: list[str] = []
    answers = [eventlet.spawn(send, db, keys, request(), done) for _ in range(50)]
    bodies = {answer.wait().body for answer in answers}
    assert done == ["soup"]
    assert len(bodies) == 1


def test_a_repeat_during_a_long_first_run_is_told_to_come_back(db: Transactions, keys: sa.Table) -> None:
    def impatient() -> type[Exception] | None:
        try:
            with db.transaction() as tx:
                tx.execute(sa.text("SET LOCAL lock_timeout = '50ms'"))
                once(tx, keys, request(), lambda: Answer({}))
        except IdempotencyInProgress as refusal:
            return type(refusal)
        return None

    with db.transaction() as tx:
        once(tx, keys, request(), lambda: Answer({"repeat": eventlet.spawn(impatient).wait() is IdempotencyInProgress}))
        kept = tx.execute(sa.select(keys.c.body)).scalar_one()
    assert bytes(kept) == b'{"repeat":true}'


def test_keys_are_forgotten_after_a_day(db: Transactions, keys: sa.Table) -> None:
    done: list[str] = []
    send(db, keys, request(), done)
    with db.transaction() as tx:
        assert forget(tx, keys) == 0
        tx.execute(sa.update(keys).values(created_at=sa.func.now() - sa.text("interval '25 hours'")))
        assert forget(tx, keys) == 1
    assert send(db, keys, request(), done).status == 201
    assert done == ["soup", "soup"]
