"""How guests come in: the code on the table for a token that is good for one table session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ordering_platform.auth import tokens
from ordering_platform.runtime.ids import new_id

if TYPE_CHECKING:
    from ordering_platform.auth.keys import KeyFile
    from ordering_platform.runtime.identity import Caller
    from ordering_platform.runtime.peers import Calls


def seat(order: Calls, keys: KeyFile, caller: Caller, *, table_code: str, **wishes: str) -> dict[str, Any]:
    """Give a guest token for the session at this table; raises what the order service refuses.

    A guest who scans the table of their own session again stays the same guest; at another session they
    are somebody new, so that two parties never share a guest. ``wishes`` are nickname and visit code.
    """
    guest_id = caller.id if caller.is_guest else new_id("gst")
    seated = order.open_table_session(table_code=table_code, guest_id=guest_id, **wishes)
    if caller.is_guest and seated["session_id"] != caller.session:
        guest_id = new_id("gst")
        seated = order.open_table_session(table_code=table_code, guest_id=guest_id, **wishes)
    access = tokens.for_guest(
        keys.signing(),
        guest_id=guest_id,
        venue_id=seated["venue_id"],
        session_id=seated["session_id"],
        table_id=seated["table_id"],
    )
    return {
        "access_token": access,
        "token_type": "Bearer",
        "expires_in": tokens.GUEST_LIFETIME,
        "guest": {"id": guest_id, "nickname": seated.get("nickname", wishes.get("nickname"))},
        "session": {"id": seated["session_id"], "status": seated["session_status"]},
        "table": {"id": seated["table_id"], "name": seated["table_name"]},
        "venue_id": seated["venue_id"],
    }


def me(caller: Caller) -> dict[str, Any]:
    """Show the guest who asks, as their token says."""
    return {
        "kind": "guest",
        "id": caller.id,
        "venue_id": caller.venue,
        "session_id": caller.session,
        "table_id": caller.table,
    }
