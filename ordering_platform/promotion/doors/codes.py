"""Doors to the codes of promotions: given out, listed, switched off, and tried by guests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ordering_platform.promotion import code_schemas, codes, errors, promotions
from ordering_platform.runtime.entrypoints import http
from ordering_platform.runtime.errors import RateLimited
from ordering_platform.runtime.identity import guest_or_staff, staff
from ordering_platform.runtime.schemas import PageQuery

if TYPE_CHECKING:
    from ordering_platform.runtime.database import Transactions
    from ordering_platform.runtime.request import Request


class CodeDoors:
    """Codes, one by one."""

    db: Transactions

    @http(
        "POST",
        "/v1/promotions/<promotion_id>/codes",
        who=staff("manager"),
        body=code_schemas.NewCodes,
        answers=code_schemas.AddedCodes,
        status=201,
        raises=(errors.PromotionNotFound, errors.PromotionArchived, errors.PromotionAutomatic, errors.CodeTaken),
    )
    def add_codes(self, request: Request, promotion_id: str) -> dict[str, list[str]]:
        """Give a promotion codes; one that was switched off works again."""
        caller = request.caller
        with self.db.transaction() as tx:
            return promotions.add_codes(tx, caller.venue, promotion_id, caller.id, request.body["codes"])

    @http(
        "GET",
        "/v1/promotions/<promotion_id>/codes",
        who=staff("waiter"),
        query=PageQuery,
        answers=code_schemas.PromotionCodePage,
        raises=(errors.PromotionNotFound,),
    )
    def list_codes(self, request: Request, promotion_id: str) -> dict[str, Any]:
        """List the codes of a promotion."""
        with self.db.read() as tx:
            promotions.read(tx, request.caller.venue, promotion_id)
            return codes.listed(tx, promotion_id, request.query["limit"], request.query.get("after"))

    @http(
        "DELETE",
        "/v1/promotions/<promotion_id>/codes/<code>",
        who=staff("manager"),
        status=204,
        raises=(errors.PromotionNotFound, errors.PromotionCodeNotFound),
    )
    def disable_code(self, request: Request, promotion_id: str, code: str) -> None:
        """Switch a code off."""
        with self.db.transaction() as tx:
            promotions.disable_code(tx, request.caller.venue, promotion_id, request.caller.id, code)

    @http(
        "POST",
        "/v1/promotions/validate",
        who=guest_or_staff("waiter"),
        body=code_schemas.TypedCode,
        answers=code_schemas.KnownCode,
        raises=(errors.CodeNotFound, RateLimited),
    )
    def validate(self, request: Request) -> dict[str, Any]:
        """Say whether a code is known and running; an order decides whether it applies."""
        caller = request.caller
        return codes.known(self.db, caller.venue, caller.session or None, request.body["code"])
