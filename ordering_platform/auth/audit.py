"""The audit log: who changed what about whom, and when; rows are only ever added."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from ordering_platform.auth.models import audit_log
from ordering_platform.runtime.ids import new_id

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

SYSTEM = "system"


def note(tx: Connection, *, venue_id: str, actor_id: str, action: str, subject_id: str, **details: Any) -> None:
    """Add a row; ``details`` are JSON values and never a password or a token."""
    row = {
        "id": new_id("aud"),
        "venue_id": venue_id,
        "actor_id": actor_id,
        "action": action,
        "subject_id": subject_id,
        "details": details,
    }
    tx.execute(sa.insert(audit_log), row)
