"""What providers tell us: signed, kept once for each event, never believed but looked up, retried until it fits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from ordering_platform.payment import payments
from ordering_platform.payment.arrows import called
from ordering_platform.payment.bills import in_seconds
from ordering_platform.payment.collecting import book, checked
from ordering_platform.payment.models import webhook_inbox as inbox
from ordering_platform.payment.providers import ProviderSilent
from ordering_platform.payment.refund_runs import follow
from ordering_platform.payment.runs import Run, log, new_run_id
from ordering_platform.payment.saga import carry_on
from ordering_platform.runtime.errors import DomainError

if TYPE_CHECKING:
    from ordering_platform.payment.providers import Outcome
    from ordering_platform.payment.till import Till
    from ordering_platform.runtime.request import Request

RETRY_EVERY: Final = 10.0
GIVE_UP_AFTER: Final = 3600.0
AT_MOST: Final = 20


def receive(till: Till, provider_id: str, request: Request) -> dict[str, Any]:
    """Take one message in; a repeated one changes nothing. Raises ProviderNotFound or WebhookInvalid."""
    notice = till.provider(provider_id).read_webhook(request.headers, request.raw_body)
    row = {
        "provider": provider_id,
        "event_id": notice.event_id,
        "kind": notice.kind,
        "payment_id": notice.payment_id,
        "refund_id": notice.refund_id,
        "next_try_at": in_seconds(RETRY_EVERY) if notice.payment_id or notice.refund_id else None,
    }
    with till.db.single() as tx:
        is_new = tx.execute(insert(inbox).values(row).on_conflict_do_nothing()).rowcount == 1
    if is_new and (notice.payment_id or notice.refund_id):
        _act(till, row)
    return {"received": True}


def retry(till: Till) -> None:
    """Look again at messages that came before the payment they are about, or while the provider was silent."""
    for _ in range(AT_MOST):
        due = (
            sa.select(inbox.c.provider, inbox.c.event_id)
            .where(inbox.c.next_try_at <= sa.func.now())
            .order_by(inbox.c.next_try_at)
            .limit(1)
            .with_for_update(skip_locked=True)
            .cte("due")
        )
        young = inbox.c.received_at > in_seconds(-GIVE_UP_AFTER)
        again = sa.case((young, in_seconds(RETRY_EVERY)), else_=None)
        taken = (
            sa.update(inbox)
            .where(inbox.c.provider == due.c.provider, inbox.c.event_id == due.c.event_id)
            .values(next_try_at=again)
            .returning(inbox)
        )
        with till.db.single() as tx:
            row = tx.execute(taken).mappings().one_or_none()
        if row is None:
            return
        try:
            _act(till, dict(row))
        except Exception:  # noqa: BLE001  the outermost boundary: one broken message must not stop the others
            log.exception("webhook %s broke", row["event_id"])


def _act(till: Till, row: dict[str, Any]) -> None:
    try:
        done = (
            follow(till, row["refund_id"], row["provider"])
            if row["refund_id"]
            else _follow(till, row["provider"], row["payment_id"])
        )
    except (DomainError, ProviderSilent) as fault:
        log.warning("webhook %s is left for later: %r", row["event_id"], fault)
        return
    if done:
        mine = sa.and_(inbox.c.provider == row["provider"], inbox.c.event_id == row["event_id"])
        with till.db.single() as tx:
            tx.execute(sa.update(inbox).where(mine).values(done_at=sa.func.now(), next_try_at=None))


def _follow(till: Till, provider_id: str, payment_id: str) -> bool:
    with till.db.read() as tx:
        payment = payments.read(tx, payment_id)
    if payment is None or payment["method"] != provider_id:
        return False
    if payments.is_pending(payment):
        provider = till.provider(provider_id)
        found: Outcome | None = called("provider.look_up", provider.look_up, payment_id, payment["reference"])
        if found is None:
            return False
        me = new_run_id()
        payment, bill = book(till, payment, checked(payment, found), me, provider_id)
        if bill["lease_owner"] == me:
            carry_on(Run(till, bill, me, provider_id, payment=payment))
    return True
