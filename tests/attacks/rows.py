"""What is in every table of the platform, as a count and a checksum each: refused requests must change neither."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import sqlalchemy as sa

from ordering_platform.catalogue import SERVICES
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Engine

_TABLES = sa.text(
    "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname = ANY(:schemas) ORDER BY 1"
).bindparams(schemas=[service.schema for service in SERVICES if service.schema])
# What earlier tests have paid is printed a moment later; nobody has asked for that either.
_PRINTED = sa.text("SELECT NOT EXISTS (SELECT FROM payments.receipts_due)")
# Changes with every transaction that begins to write or ends.
_MOMENT = sa.text("SELECT pg_current_snapshot()::text")
# The sweeper of bills looks at each of them every few seconds and notes when; nobody has asked for anything.
_COUNTED = """
SELECT '{0}', count(*), coalesce(sum(hashtextextended(
    (to_jsonb(one) - ARRAY['lease_owner', 'next_run_at', 'attempts'])::text, 0)), 0)
FROM {0} AS one
"""


class Rows:
    """Reads the whole database in one statement."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._moment = ""
        self._rows: dict[str, tuple[int, int]] = {}
        with engine.connect() as tx:
            names = tx.scalars(_TABLES).all()
        self._question = sa.text(" UNION ALL ".join(_COUNTED.format(name) for name in names))

    def now(self) -> dict[str, tuple[int, int]]:
        """Give the number of rows and their checksum by table; read again only when somebody has written since."""
        with self._engine.connect() as tx:
            moment = tx.scalar(_MOMENT)
            if moment != self._moment:
                self._rows = {name: (count, int(checksum)) for name, count, checksum in tx.execute(self._question)}
                self._moment = moment
        return self._rows

    def _is_printed(self) -> bool:
        with self._engine.connect() as tx:
            return bool(tx.scalar(_PRINTED))

    @contextmanager
    def unchanged(self, *, but: tuple[str, ...] = ()) -> Iterator[None]:
        """Fail when anything was written meanwhile, ``but`` into these tables."""
        until(self._is_printed)
        before = self.now()
        yield
        after = self.now()
        changed = {name: (before[name], after[name]) for name in set(before) - set(but) if before[name] != after[name]}
        assert not changed, f"refused requests left something behind: {changed}"
