"""Doors to batches of codes: made, listed with what became of each code, downloaded, switched off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ordering_platform.promotion import batches, code_schemas, errors, promotions
from ordering_platform.promotion.models import idempotency_keys
from ordering_platform.runtime.entrypoints import http
from ordering_platform.runtime.errors import IdempotencyInProgress, IdempotencyKeyReused
from ordering_platform.runtime.idempotency import once
from ordering_platform.runtime.identity import staff
from ordering_platform.runtime.request import Answer
from ordering_platform.runtime.schemas import PageQuery

if TYPE_CHECKING:
    from ordering_platform.runtime.database import Transactions
    from ordering_platform.runtime.request import Request


class BatchDoors:
    """Many codes at once."""

    db: Transactions

    @http(
        "POST",
        "/v1/promotions/<promotion_id>/codes/batches",
        who=staff("manager"),
        body=code_schemas.NewCodeBatch,
        answers=code_schemas.CodeBatch,
        status=201,
        idempotent=True,
        raises=(
            errors.PromotionNotFound,
            errors.PromotionArchived,
            errors.PromotionAutomatic,
            errors.TooManyCodes,
            IdempotencyInProgress,
            IdempotencyKeyReused,
        ),
    )
    def make_batch(self, request: Request, promotion_id: str) -> Answer:
        """Make codes that nobody can guess, each to be used so many times."""
        caller = request.caller
        with self.db.transaction() as tx:

            def work() -> Answer:
                made = batches.make(tx, caller.venue, promotion_id, caller.id, request.body)
                return Answer(made, 201, {"Location": f"/v1/promotions/{promotion_id}/codes/batches/{made['id']}"})

            return once(tx, idempotency_keys, request, work)

    @http(
        "GET",
        "/v1/promotions/<promotion_id>/codes/batches",
        who=staff("manager"),
        query=PageQuery,
        answers=code_schemas.CodeBatchPage,
        raises=(errors.PromotionNotFound,),
    )
    def list_batches(self, request: Request, promotion_id: str) -> dict[str, Any]:
        """List the batches of codes of a promotion, the newest first."""
        with self.db.read() as tx:
            promotions.read(tx, request.caller.venue, promotion_id)
            return batches.listed(tx, promotion_id, request.query["limit"], request.query.get("after"))

    @http(
        "GET",
        "/v1/promotions/<promotion_id>/codes/batches/<batch_id>",
        who=staff("manager"),
        query=code_schemas.BatchQuery,
        answers=code_schemas.BatchCodes,
        raises=(errors.PromotionNotFound, errors.CodeBatchNotFound),
    )
    def show_batch(self, request: Request, promotion_id: str, batch_id: str) -> dict[str, Any]:
        """Show a batch, and its codes with what became of them."""
        query = request.query
        with self.db.read() as tx:
            promotions.read(tx, request.caller.venue, promotion_id)
            return batches.read(
                tx, promotion_id, batch_id, query["limit"], query.get("after"), state=query.get("state")
            )

    @http(
        "GET",
        "/v1/promotions/<promotion_id>/codes/batches/<batch_id>/csv",
        who=staff("manager"),
        produces=("text/csv",),
        raises=(errors.PromotionNotFound, errors.CodeBatchNotFound),
    )
    def download_batch(self, request: Request, promotion_id: str, batch_id: str) -> Answer:
        """Download all codes of a batch, to be printed or sent."""
        with self.db.read() as tx:
            promotions.read(tx, request.caller.venue, promotion_id)
            sheet = batches.written(tx, promotion_id, batch_id)
        headers = {
            "Content-Type": "text/csv; charset=utf-8",
            "Content-Disposition": f'attachment; filename="{batch_id}.csv"',
            "Cache-Control": "no-store",
        }
        return Answer(sheet, headers=headers)

    @http(
        "DELETE",
        "/v1/promotions/<promotion_id>/codes/batches/<batch_id>",
        who=staff("manager"),
        status=204,
        raises=(errors.PromotionNotFound, errors.CodeBatchNotFound),
    )
    def disable_batch(self, request: Request, promotion_id: str, batch_id: str) -> None:
        """Switch off all codes of a batch."""
        caller = request.caller
        with self.db.transaction() as tx:
            batches.disable(tx, caller.venue, promotion_id, batch_id, caller.id)
