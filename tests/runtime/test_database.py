"""PostgreSQL may be silent, busy or restarted: a service waits a bounded time and heals by itself."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

import eventlet
import psycopg2
import pytest
import sqlalchemy as sa

from ordering_platform.runtime import database
from ordering_platform.runtime.database import (
    CONNECT_TIMEOUT,
    DatabaseBusy,
    DatabaseUnavailable,
    NestedTransaction,
    Transactions,
    ending,
    make_engine,
    transaction_open,
)
from ordering_platform.runtime.prepared import prepared

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def silent_server() -> Iterator[int]:
    """Accept connections in the backlog and never say a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.fixture
def counter(db: Transactions) -> Iterator[sa.Table]:
    table = sa.Table(
        "counter", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True), sa.Column("n", sa.Integer)
    )
    with db.transaction() as tx:
        table.create(tx)
        tx.execute(table.insert().values(id=1, n=0))
    yield table
    with db.transaction() as tx:
        table.drop(tx)


def value_of(db: Transactions, counter: sa.Table) -> int:
    with db.read() as tx:
        return int(tx.scalars(sa.select(counter.c.n)).one())


def test_return_commits(db: Transactions, counter: sa.Table) -> None:
    with db.transaction() as tx:
        tx.execute(counter.update().values(n=7))
    assert value_of(db, counter) == 7


def fail_after_writing(db: Transactions, counter: sa.Table) -> None:
    with db.transaction() as tx:
        tx.execute(counter.update().values(n=7))
        raise LookupError


def test_raise_rolls_back(db: Transactions, counter: sa.Table) -> None:
    with pytest.raises(LookupError):
        fail_after_writing(db, counter)
    assert value_of(db, counter) == 0


def test_a_transaction_is_open_only_between_its_ends(db: Transactions) -> None:
    assert not transaction_open()
    with db.transaction():
        assert transaction_open()
        assert not eventlet.spawn(transaction_open).wait()
    assert not transaction_open()


def test_a_transaction_inside_another_is_refused(db: Transactions) -> None:
    with db.transaction(), pytest.raises(NestedTransaction), db.transaction():
        pass


def test_every_wait_on_the_server_is_bounded(db: Transactions) -> None:
    with db.read() as tx:
        limits = {
            name: tx.exec_driver_sql(f"SHOW {name}").scalar()
            for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
        }
    assert limits == {
        "statement_timeout": "3s",
        "lock_timeout": "2s",
        "idle_in_transaction_session_timeout": "5s",
    }


def test_connecting_to_a_silent_server_ends_at_the_bound(silent_server: int) -> None:
    """libpq's own connect_timeout does nothing under a cooperative psycopg2."""
    engine = make_engine(f"postgresql://nobody@127.0.0.1:{silent_server}/nothing")
    begun = time.monotonic()
    with pytest.raises(DatabaseUnavailable), Transactions(engine).read():
        pass
    assert time.monotonic() - begun < CONNECT_TIMEOUT + 2


def test_others_go_on_while_one_waits_for_the_database(db: Transactions) -> None:
    def slow() -> None:
        with db.read() as tx:
            tx.exec_driver_sql("SELECT pg_sleep(0.3)")

    begun = time.monotonic()
    waiting = [eventlet.spawn(slow) for _ in range(5)]
    for one in waiting:
        one.wait()
    assert time.monotonic() - begun < 5 * 0.3


def test_a_held_lock_answers_busy(db: Transactions, counter: sa.Table) -> None:
    def second() -> type[Exception] | None:
        try:
            with db.transaction() as tx:
                tx.exec_driver_sql("SET LOCAL lock_timeout = '50ms'")
                tx.execute(counter.update().values(n=2))
        except DatabaseBusy as refusal:
            return type(refusal)
        return None

    with db.transaction() as first:
        first.execute(counter.update().values(n=1))
        assert eventlet.spawn(second).wait() is DatabaseBusy
    assert value_of(db, counter) == 1


def test_a_pool_that_is_used_up_answers_unavailable(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "POOL_TIMEOUT", 0.05)
    db = Transactions(make_engine(database_url, pool_size=1, overflow=0))

    def second() -> type[Exception] | None:
        try:
            db.ping()
        except DatabaseUnavailable as refusal:
            return type(refusal)
        return None

    with db.transaction():
        assert eventlet.spawn(second).wait() is DatabaseUnavailable
    db.engine.dispose()


def test_a_cut_connection_is_replaced_without_being_noticed(
    database_url: str, db: Transactions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_PING_AFTER", 0.0)
    mine = Transactions(make_engine(database_url, pool_size=1, overflow=0))
    with mine.read() as tx:
        process = tx.exec_driver_sql("SELECT pg_backend_pid()").scalar()
    with db.read() as tx:
        assert tx.execute(sa.text("SELECT pg_terminate_backend(:process, 1000)"), {"process": process}).scalar()
    mine.ping()
    mine.engine.dispose()


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2"])
def test_any_postgresql_address_is_spoken_to_through_psycopg2(scheme: str) -> None:
    assert database.driver_url(f"{scheme}://a:b@host:5/name").drivername == "postgresql+psycopg2"


def test_psycopg2_is_cooperative_here() -> None:
    assert psycopg2.extensions.get_wait_callback() is not None


def test_rows_written_together_as_the_first_of_a_unit_roll_back_together(db: Transactions, counter: sa.Table) -> None:
    each = counter.update().where(counter.c.id == sa.bindparam("row")).values(n=sa.bindparam("value"))

    def fail() -> None:
        with db.transaction() as tx:
            tx.execute(each, [{"row": 1, "value": 3}, {"row": 1, "value": 4}])
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert value_of(db, counter) == 0


def cut_after_writing(db: Transactions, counter: sa.Table) -> None:
    """Have the server end a connection in the middle of its unit, as an operator would."""

    def terminate(process: object) -> None:
        with db.read() as tx:
            tx.execute(sa.text("SELECT pg_terminate_backend(:process, 2000)"), {"process": process})

    with db.transaction() as tx:
        tx.execute(counter.update().values(n=7))
        eventlet.spawn(terminate, tx.exec_driver_sql("SELECT pg_backend_pid()").scalar()).wait()


def test_a_commit_on_a_cut_connection_is_unavailable_and_the_next_one_works(
    db: Transactions, counter: sa.Table
) -> None:
    with pytest.raises(DatabaseUnavailable):
        cut_after_writing(db, counter)
    with db.transaction() as tx:
        tx.execute(counter.update().values(n=8))
    assert value_of(db, counter) == 8


def dawdle_after_writing(db: Transactions, counter: sa.Table) -> None:
    with eventlet.Timeout(0.1), db.transaction() as tx:
        tx.execute(counter.update().values(n=7))
        tx.exec_driver_sql("SELECT pg_sleep(2)")


def test_a_unit_that_ran_out_of_time_leaves_nothing_behind(db: Transactions, counter: sa.Table) -> None:
    with pytest.raises(eventlet.Timeout):
        dawdle_after_writing(db, counter)
    assert value_of(db, counter) == 0


class TestEnding:
    """The statement that takes a row everybody waits for commits its unit by itself."""

    COUNT = ending(prepared("UPDATE counter SET n = n + 1 WHERE id = :id"))
    REFUSED = ending(prepared("UPDATE counter SET n = n / (n - n) WHERE id = :id"))

    def test_others_see_it_before_the_unit_is_left(self, db: Transactions, counter: sa.Table) -> None:
        with db.transaction() as tx:
            tx.execute(counter.update().values(n=7))
            tx.execute(self.COUNT, {"id": 1})
            assert eventlet.spawn(value_of, db, counter).wait() == 8
            assert tx.scalars(sa.select(counter.c.n)).one() == 8

    def test_it_may_be_the_only_one(self, db: Transactions, counter: sa.Table) -> None:
        for _ in range(2):
            with db.transaction() as tx:
                tx.execute(self.COUNT, {"id": 1})
        assert value_of(db, counter) == 2

    def test_when_it_is_refused_nothing_of_its_unit_stays(self, db: Transactions, counter: sa.Table) -> None:
        with pytest.raises(sa.exc.DBAPIError):
            count(db, after=counter.update().values(n=7), by=self.REFUSED)
        assert value_of(db, counter) == 0
        test_return_commits(db, counter)

    def test_what_is_raised_after_it_takes_nothing_back(self, db: Transactions, counter: sa.Table) -> None:
        with pytest.raises(sa.exc.DBAPIError):
            count(db, before=sa.text("SELECT 1 / 0"))
        assert value_of(db, counter) == 1

    def test_nobody_waits_for_a_process_that_is_busy_with_something_else(
        self, db: Transactions, counter: sa.Table
    ) -> None:
        with db.transaction() as tx:
            tx.execute(self.COUNT, {"id": 1})
            eventlet.spawn(count, db).wait()
        assert value_of(db, counter) == 2


def count(
    db: Transactions,
    *,
    after: sa.Executable | None = None,
    by: sa.TextClause = TestEnding.COUNT,
    before: sa.Executable | None = None,
) -> None:
    with db.transaction() as tx:
        if after is not None:
            tx.execute(after)
        tx.execute(by, {"id": 1})
        if before is not None:
            tx.execute(before)
