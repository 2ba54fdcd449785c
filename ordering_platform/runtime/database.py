"""PostgreSQL for a service: one engine per address and process, short transactions, every wait bounded.

Statement, lock and idle limits are set on each connection, because a greenthread that stops waiting
does not stop the server. The connect bound is ours: libpq's does nothing in cooperative mode.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import eventlet
import psycopg2
import sqlalchemy as sa
from nameko.extensions import DependencyProvider
from sqlalchemy import event, exc
from sqlalchemy.pool import QueuePool

from ordering_platform.runtime import prepared
from ordering_platform.runtime.config import settings_of
from ordering_platform.runtime.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Connection, Engine

    from ordering_platform.runtime.config import Settings

NAMING = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

CONNECT_TIMEOUT = 3.0
POOL_TIMEOUT = 2.0
_PING_AFTER = 1.0
_SESSION = "-c statement_timeout=3000 -c lock_timeout=2000 -c idle_in_transaction_session_timeout=5000 -c timezone=UTC"

# Where a unit stands, noted on its connection: BEGIN is still to be said, has been said, or COMMIT has been said too.
_UNIT = "unit"
_TO_BEGIN, _BEGUN, _ENDED = "to begin", "begun", "ended"

_in_transaction: ContextVar[bool] = ContextVar("in_transaction", default=False)


class DatabaseUnavailable(Unavailable):
    """The database did not answer in time; the same request may be sent again."""


class DatabaseBusy(Unavailable):
    """Others are changing the same thing just now; the same request may be sent again."""


class NestedTransaction(RuntimeError):
    """A transaction was opened inside another one; pass the open one on instead."""


def ending(statement: sa.TextClause) -> sa.TextClause:
    """Let a statement commit its unit in the same round trip; for a row everybody waits for. It gives no rows then.

    A lock is otherwise held until this process gets round to saying COMMIT, which may take longer than all the rest.
    """
    return statement.execution_options(ends_unit=True)


def transaction_open() -> bool:
    """Whether this greenthread holds a transaction; nothing outside the database may be waited for then."""
    return _in_transaction.get()


def driver_url(database_url: str) -> sa.URL:
    """Name psycopg2 in the address, whichever PostgreSQL address people write."""
    return sa.make_url(database_url.replace("postgres://", "postgresql://", 1)).set(drivername="postgresql+psycopg2")


def make_engine(database_url: str, *, pool_size: int = 5, overflow: int = 5) -> Engine:
    """Make an engine with every wait bounded; connections that were cut are replaced without being noticed."""
    engine = sa.create_engine(
        driver_url(database_url),
        poolclass=QueuePool,
        pool_size=pool_size,
        max_overflow=overflow,
        pool_timeout=POOL_TIMEOUT,
        pool_use_lifo=True,
        connect_args={
            "options": _SESSION,
            "connect_timeout": int(CONNECT_TIMEOUT),
            "tcp_user_timeout": 5000,
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "keepalives_count": 3,
            "application_name": "ordering-platform",
        },
    )
    event.listen(engine, "do_connect", _connect_in_time)
    event.listen(engine, "checkin", _note_use)
    event.listen(engine, "checkout", _replace_if_cut)
    prepared.install(engine)
    event.listen(engine, "before_cursor_execute", _begin_and_end_with_statements, retval=True)
    return engine


def _connect_in_time(_dialect: Any, _record: Any, args: Any, kwargs: Any) -> Any:
    fault = psycopg2.OperationalError("PostgreSQL did not accept the connection in time")
    with eventlet.Timeout(CONNECT_TIMEOUT, fault):
        return psycopg2.connect(*args, **kwargs)


def _note_use(_connection: Any, record: Any) -> None:
    record.info["used_at"] = time.monotonic()


def _replace_if_cut(connection: Any, record: Any, _proxy: Any) -> None:
    # A round trip on each checkout would be a tenth of a short request; a connection used a moment ago is alive.
    if time.monotonic() - record.info.get("used_at", 0.0) < _PING_AFTER:
        return
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        connection.rollback()
    except psycopg2.Error as fault:
        raise exc.DisconnectionError from fault


_engines: dict[str, Engine] = {}


def engine_of(settings: Settings) -> Engine:
    """Give the process's engine for this database, shared by all services that run in the process."""
    engine = _engines.get(settings.database_url)
    if engine is None:
        engine = make_engine(settings.database_url, pool_size=settings.db_pool_size, overflow=settings.db_pool_overflow)
        _engines[settings.database_url] = engine
    return engine


class Transactions:
    """What ``Database`` puts into a service: the only way to speak with PostgreSQL."""

    def __init__(self, engine: Engine) -> None:
        """Speak through this engine."""
        self.engine = engine

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Run statements as one unit: return commits, raise rolls back. Raises DatabaseUnavailable or DatabaseBusy."""
        with self.read() as tx, _as_unit(tx):
            yield tx

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Run statements that change nothing and need no common snapshot, without BEGIN and COMMIT."""
        with _alone(), _trouble_as_unavailable(), self.engine.connect() as tx, _autocommitting(tx):
            yield tx

    @contextmanager
    def single(self) -> Iterator[Connection]:
        """Run one statement that is a unit by itself, without the round trips of BEGIN and COMMIT."""
        with self.read() as tx:
            yield tx

    def ping(self) -> None:
        """Raise DatabaseUnavailable unless PostgreSQL answers."""
        with self.read() as tx:
            tx.execute(sa.text("SELECT 1"))


@contextmanager
def _autocommitting(connection: Connection) -> Iterator[None]:
    # Told to the driver itself: the way through SQLAlchemy costs a round trip to set the session back.
    driver: Any = connection.connection.dbapi_connection
    driver.autocommit = True
    try:
        yield
    finally:
        if not driver.closed:
            driver.autocommit = False


@contextmanager
def _as_unit(connection: Connection) -> Iterator[None]:
    """Commit what is executed meanwhile, or roll it back; BEGIN travels with the first statement, not on its own."""
    driver, about = connection.connection.dbapi_connection, connection.info
    about[_UNIT] = _TO_BEGIN
    try:
        yield
    except BaseException:
        if about.pop(_UNIT) != _TO_BEGIN:
            _roll_back(connection, driver)
        raise
    if about.pop(_UNIT) == _BEGUN:
        _commit(connection, driver)


def _begin_and_end_with_statements(  # noqa: PLR0917  SQLAlchemy calls it so
    connection: Connection, cursor: Any, statement: str, parameters: Any, context: Any, many: bool
) -> tuple[str, Any]:
    about = connection.info
    if about.get(_UNIT) == _TO_BEGIN:
        about[_UNIT] = _BEGUN
        if many:
            cursor.execute("BEGIN")
        else:
            statement = f"BEGIN; {statement}"
    if about.get(_UNIT) == _BEGUN and context.execution_options.get("ends_unit"):
        about[_UNIT] = _ENDED
        statement = f"{statement}; COMMIT"
    return statement, parameters


def _commit(connection: Connection, driver: Any) -> None:
    try:
        _say(driver, "COMMIT")
    except BaseException:
        # Nobody knows what state it is in, least of all after a timeout while the answer was on its way.
        connection.invalidate()
        raise


def _roll_back(connection: Connection, driver: Any) -> None:
    try:
        _say(driver, "ROLLBACK")
    except psycopg2.Error:
        # The server rolls back by itself when the connection ends.
        connection.invalidate()
    except BaseException:
        connection.invalidate()
        raise


def _say(driver: Any, word: str) -> None:
    with driver.cursor() as cursor:
        cursor.execute(word)


@contextmanager
def _alone() -> Iterator[None]:
    if _in_transaction.get():
        raise NestedTransaction
    mark = _in_transaction.set(True)
    try:
        yield
    finally:
        _in_transaction.reset(mark)


_BUSY = {"55P03", "40001", "40P01"}


@contextmanager
def _trouble_as_unavailable() -> Iterator[None]:
    try:
        yield
    except exc.TimeoutError as fault:
        raise DatabaseUnavailable from fault
    except (exc.OperationalError, exc.InterfaceError, exc.InternalError, exc.NotSupportedError) as fault:
        raise (DatabaseBusy if getattr(fault.orig, "pgcode", None) in _BUSY else DatabaseUnavailable) from fault
    except (psycopg2.OperationalError, psycopg2.InterfaceError) as fault:
        raise (DatabaseBusy if fault.pgcode in _BUSY else DatabaseUnavailable) from fault


class Database(DependencyProvider):  # type: ignore[misc]  # nameko carries no types
    """Gives a service ``self.db.transaction()`` and ``self.db.read()``; touches no network until then."""

    transactions: Transactions

    def setup(self) -> None:
        """Make or share the engine; nothing is connected yet."""
        self.transactions = Transactions(engine_of(settings_of(self.container.config)))
        if readiness := getattr(self.container, "readiness", None):
            readiness.add("database", self.transactions.ping)

    def get_dependency(self, _worker_ctx: Any) -> Transactions:
        """Put the way to the database into the service."""
        return self.transactions
