"""Doors to tables, their printed links and the parties that sit there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ordering_platform.order import errors, table_schemas, tables
from ordering_platform.runtime.entrypoints import http
from ordering_platform.runtime.identity import ANYONE

if TYPE_CHECKING:
    from ordering_platform.runtime.config import Settings
    from ordering_platform.runtime.database import Transactions
    from ordering_platform.runtime.request import Request


class TableDoors:
    """Tables and table sessions."""

    db: Transactions
    settings: Settings

    @http(
        "GET",
        "/v1/table-links/<code>",
        who=ANYONE,
        answers=table_schemas.TableLink,
        raises=(errors.TableNotFound, errors.TableCodeRetired),
    )
    def read_link(self, request: Request, code: str) -> dict[str, Any]:  # noqa: ARG002  the code says all
        """Say which venue and table a printed link belongs to."""
        with self.db.read() as tx:
            return tables.behind(tx, code)
