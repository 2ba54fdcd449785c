"""Statements that are planned once for each connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from ordering_platform.runtime.database import DatabaseUnavailable
from ordering_platform.runtime.prepared import prepared

if TYPE_CHECKING:
    from ordering_platform.runtime.database import Transactions

ADD = prepared("SELECT :a + CAST(:b AS int) AS sum, :a AS a, '100 %' AS whole, 7 % 4 AS rest")
KNOWN = sa.text("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%AS whole%'")


def test_a_statement_is_prepared_once_for_a_connection(db: Transactions) -> None:
    with db.transaction() as tx:
        for number in range(3):
            assert tuple(tx.execute(ADD, {"a": number, "b": 2}).one()) == (number + 2, number, "100 %", 3)
        assert tx.execute(KNOWN).scalar_one() == 1


def test_it_outlives_a_transaction_that_was_rolled_back(db: Transactions) -> None:
    with db.engine.connect() as tx:
        for _ in range(2):
            assert tx.execute(ADD, {"a": 1, "b": 2}).one().sum == 3
            tx.rollback()


def test_a_new_connection_prepares_anew(db: Transactions) -> None:
    with db.transaction() as tx:
        tx.execute(ADD, {"a": 1, "b": 2})
    db.engine.dispose()
    with db.transaction() as tx:
        assert tx.execute(KNOWN).scalar_one() == 0
        assert tx.execute(ADD, {"a": 1, "b": 2}).one().sum == 3


def test_one_that_cannot_be_prepared_is_not_remembered(db: Transactions) -> None:
    wrong = prepared("SELECT * FROM nowhere WHERE a = :a")
    for _ in range(2):
        with pytest.raises(sa.exc.ProgrammingError, match="nowhere"), db.transaction() as tx:
            tx.execute(wrong, {"a": 1})


def test_values_of_every_kind_arrive(db: Transactions) -> None:
    kinds = prepared("""
        SELECT CAST(:text AS text), CAST(:flag AS boolean), CAST(:none AS text), CAST(:many AS text[]), '%s' LIKE :text
    """)
    with db.read() as tx:
        values = {"text": "a'b%s \\ 🍜", "flag": True, "none": None, "many": ["x", "y'z"]}
        assert tuple(tx.execute(kinds, values).one()) == (values["text"], True, None, ["x", "y'z"], False)


def test_a_migration_costs_one_refusal_and_not_the_life_of_a_connection(db: Transactions) -> None:
    everything = prepared("SELECT * FROM outdated WHERE a = :a")
    with db.transaction() as tx:
        tx.execute(sa.text("CREATE TABLE outdated (a int)"))
    try:
        with db.read() as tx:
            tx.execute(everything, {"a": 1})
        with db.transaction() as tx:
            tx.execute(sa.text("ALTER TABLE outdated ADD COLUMN b int"))
        with pytest.raises(DatabaseUnavailable), db.read() as tx:
            tx.execute(everything, {"a": 1})
        with db.read() as tx:
            assert list(tx.execute(everything, {"a": 1}).keys()) == ["a", "b"]
    finally:
        with db.transaction() as tx:
            tx.execute(sa.text("DROP TABLE outdated"))
