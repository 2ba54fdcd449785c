"""Lets PostgreSQL plan a statement once for each connection instead of once for each request.

A statement asks for it with ``execution_options(prepared=True)``; ``prepared()`` writes one as text.
Planning is the larger part of what a short statement costs the server. The plan has to serve every value,
so a statement whose best plan depends on its values is better left alone; and every value needs a type
PostgreSQL can infer: write ``CAST(:flag AS boolean)`` where none stands beside it. Name the columns of the
outermost ``SELECT``: a ``*`` there would fail on every open connection once a migration adds a column.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import psycopg2
import sqlalchemy as sa
from sqlalchemy import event

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Engine

_PLACEHOLDER = re.compile(r"%\((\w+)\)s|%%")
_MOST = 512


def prepared(text: str) -> sa.TextClause:
    """Give a statement with ``:name`` parameters that each connection plans once."""
    return sa.text(text).execution_options(prepared=True)


def install(engine: Engine) -> None:
    """Prepare the statements that ask for it on every connection of this engine."""
    event.listen(engine, "before_cursor_execute", _execute_prepared, retval=True)
    event.listen(engine, "handle_error", _leave_outdated_plans)


def _execute_prepared(  # noqa: PLR0917  SQLAlchemy calls it so
    connection: Connection, cursor: Any, statement: str, parameters: Any, context: Any, many: bool
) -> tuple[str, Any]:
    if many or not context.execution_options.get("prepared"):
        return statement, parameters
    # What is noted here is forgotten together with the connection it is true for.
    known = connection.connection.info.setdefault("prepared", {})
    name = known.get(statement)
    body, values = _split(statement)
    if name is None:
        name = f"ordering_{len(known)}"
        cursor.execute(f"PREPARE {name} AS {body}")
        known[statement] = name
    return f"EXECUTE {name}{values}", parameters


def _leave_outdated_plans(trouble: Any) -> None:
    # "cached plan must not change result type": a newer release has added a column to a table whose plan gives "*".
    # No connection of this pool can run that plan any more, and new ones make their own.
    if isinstance(trouble.original_exception, psycopg2.errors.FeatureNotSupported):
        trouble.is_disconnect = True


@lru_cache(_MOST)
def _split(statement: str) -> tuple[str, str]:
    """Give a statement with numbered parameters, and the list of their values in that order."""
    names: list[str] = []

    def number(found: re.Match[str]) -> str:
        if (name := found[1]) is None:
            return "%"
        if name not in names:
            names.append(name)
        return f"${names.index(name) + 1}"

    body = _PLACEHOLDER.sub(number, statement)
    return body, f" ({', '.join(f'%({name})s' for name in names)})" if names else ""
