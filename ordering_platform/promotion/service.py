"""The doors of the promotion service: promotions and their codes for staff, evaluate and apply for checkouts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ordering_platform.promotion import (
    carts,
    codes,
    errors,
    inquiry,
    offers,
    promotions,
    reports,
    schemas,
    tries,
    usage,
)
from ordering_platform.promotion.models import ARCHIVED, PAUSED, RUNNING
from ordering_platform.runtime.database import Database
from ordering_platform.runtime.entrypoints import http, rpc, timer
from ordering_platform.runtime.errors import PreconditionFailed, RateLimited
from ordering_platform.runtime.identity import guest_or_staff, staff
from ordering_platform.runtime.request import Answer
from ordering_platform.runtime.schemas import PageQuery

if TYPE_CHECKING:
    from ordering_platform.runtime.request import Request

_REASONS = tuple(errors.NotApplicable.__subclasses__())


class PromotionService:
    """Promotions, their codes, what they take off an order and how often they may."""

    name = "promotion"

    db = Database()

    @http(
        "POST",
        "/v1/promotions",
        who=staff("manager"),
        body=schemas.NewPromotion,
        answers=schemas.Promotion,
        status=201,
        raises=(errors.PromotionAutomatic, errors.CodeTaken),
    )
    def create(self, request: Request) -> Answer:
        """Create a promotion; it runs from now on, within its own schedule."""
        with self.db.transaction() as tx:
            made = promotions.create(tx, request.caller.venue, request.caller.id, request.body)
        return _tagged(made, status=201, headers={"Location": f"/v1/promotions/{made['id']}"})

    @http(
        "GET",
        "/v1/promotions",
        who=staff("waiter"),
        query=schemas.PromotionQuery,
        answers=schemas.PromotionPage,
    )
    def list_promotions(self, request: Request) -> dict[str, Any]:
        """List the promotions of the venue, the newest first."""
        with self.db.read() as tx:
            return promotions.listed(
                tx,
                request.caller.venue,
                request.query["limit"],
                request.query.get("after"),
                request.query.get("status"),
            )

    @http(
        "GET",
        "/v1/promotions/<promotion_id>",
        who=staff("waiter"),
        answers=schemas.Promotion,
        raises=(errors.PromotionNotFound,),
    )
    def show(self, request: Request, promotion_id: str) -> Answer:
        """Show a promotion as it stands now."""
        with self.db.read() as tx:
            return _tagged(promotions.read(tx, request.caller.venue, promotion_id))

    @http(
        "PATCH",
        "/v1/promotions/<promotion_id>",
        who=staff("manager"),
        body=schemas.PromotionChange,
        answers=schemas.Promotion,
        raises=(errors.PromotionNotFound, errors.PromotionArchived, PreconditionFailed),
    )
    def change(self, request: Request, promotion_id: str) -> Answer:
        """Change a promotion; bills that reserved it keep the version they saw."""
        caller, match = request.caller, request.headers.get("If-Match")
        with self.db.transaction() as tx:
            return _tagged(promotions.change(tx, caller.venue, promotion_id, caller.id, request.body, if_match=match))

    @http(
        "DELETE",
        "/v1/promotions/<promotion_id>",
        who=staff("manager"),
        status=204,
        raises=(errors.PromotionNotFound,),
    )
    def archive(self, request: Request, promotion_id: str) -> None:
        """Take a promotion away for good; what it gave stays on its bills and in its report."""
        self._move(request, promotion_id, ARCHIVED)

    @http(
        "POST",
        "/v1/promotions/<promotion_id>/pause",
        who=staff("manager"),
        answers=schemas.Promotion,
        raises=(errors.PromotionNotFound, errors.PromotionArchived),
    )
    def pause(self, request: Request, promotion_id: str) -> Answer:
        """Stop a promotion for now; bills that reserved it keep it."""
        return self._move(request, promotion_id, PAUSED)

    @http(
        "POST",
        "/v1/promotions/<promotion_id>/resume",
        who=staff("manager"),
        answers=schemas.Promotion,
        raises=(errors.PromotionNotFound, errors.PromotionArchived),
    )
    def resume(self, request: Request, promotion_id: str) -> Answer:
        """Let a paused promotion run again."""
        return self._move(request, promotion_id, RUNNING)

    def _move(self, request: Request, promotion_id: str, status: str) -> Answer:
        with self.db.transaction() as tx:
            return _tagged(promotions.move(tx, request.caller.venue, promotion_id, request.caller.id, status))

    @http(
        "POST",
        "/v1/promotions/<promotion_id>/codes",
        who=staff("manager"),
        body=schemas.NewCodes,
        answers=schemas.AddedCodes,
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
        answers=schemas.PromotionCodePage,
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
        "GET",
        "/v1/promotions/<promotion_id>/usage",
        who=staff("waiter"),
        query=PageQuery,
        answers=schemas.PromotionUsage,
        raises=(errors.PromotionNotFound,),
    )
    def show_usage(self, request: Request, promotion_id: str) -> dict[str, Any]:
        """Show how often a promotion was used, and by which bills."""
        with self.db.read() as tx:
            limits = promotions.read(tx, request.caller.venue, promotion_id).get("limits", {})
            return reports.usage(tx, promotion_id, limits, request.query["limit"], request.query.get("after"))

    @http(
        "POST",
        "/v1/promotions/evaluate",
        who=staff("waiter"),
        body=schemas.Cart,
        answers=schemas.Evaluation,
    )
    def try_out(self, request: Request) -> Any:
        """Try promotions on a sample order, at any moment; nothing is reserved."""
        asked = carts.read(request.caller.venue, request.body)
        return carts.shown(offers.explain(self.db, asked), asked.currency)

    @http(
        "POST",
        "/v1/promotions/apply",
        who=staff("cashier"),
        body=schemas.CartBill,
        answers=schemas.Evaluation,
        raises=(*_REASONS, errors.BillReleased, errors.BillAlreadyApplied),
    )
    def apply_to_bill(self, request: Request) -> Any:
        """Reserve promotions for a bill of your own system; the same bill gets the same answer again."""
        asked = carts.read(request.caller.venue, request.body)
        return carts.shown(usage.apply(self.db, _own_bill(request), asked), asked.currency)

    @http(
        "POST",
        "/v1/promotions/confirm",
        who=staff("cashier"),
        body=schemas.BillOutcome,
        answers=schemas.BillState,
    )
    def confirm_bill(self, request: Request) -> dict[str, Any]:
        """Keep what a bill of your own system reserved: it was paid."""
        with self.db.single() as tx:
            return usage.confirm(tx, _own_bill(request))

    @http(
        "POST",
        "/v1/promotions/release",
        who=staff("cashier"),
        body=schemas.BillOutcome,
        answers=schemas.BillState,
    )
    def release_bill(self, request: Request) -> dict[str, Any]:
        """Give back what a bill of your own system reserved: it was not paid."""
        with self.db.transaction() as tx:
            return usage.release(tx, _own_bill(request))

    @http(
        "POST",
        "/v1/promotions/validate",
        who=guest_or_staff("waiter"),
        body=schemas.TypedCode,
        answers=schemas.KnownCode,
        raises=(errors.CodeNotFound, RateLimited),
    )
    def validate(self, request: Request) -> dict[str, Any]:
        """Say whether a code is known and running; an order decides whether it applies."""
        caller = request.caller
        return codes.known(self.db, caller.venue, caller.session or None, request.body["code"])

    @rpc(callers=("payment",))
    def evaluate(self, **order: Any) -> dict[str, Any]:
        """Give the discounts of an order in minor units; changes no use. See ``inquiry.read`` for the arguments."""
        return offers.evaluate(self.db, inquiry.read(**order))

    @rpc(callers=("payment",))
    def apply(self, *, bill_id: str, **order: Any) -> dict[str, Any]:
        """Reserve the promotions of a bill; idempotent by the bill."""
        return usage.apply(self.db, bill_id, inquiry.read(**order))

    @rpc(callers=("payment",))
    def confirm(self, *, bill_id: str) -> dict[str, Any]:
        """Keep what a bill reserved: it is paid."""
        with self.db.single() as tx:
            return usage.confirm(tx, bill_id)

    @rpc(callers=("payment",))
    def release(self, *, bill_id: str) -> dict[str, Any]:
        """Give back what a bill reserved, and turn away an ``apply`` that comes later."""
        with self.db.transaction() as tx:
            return usage.release(tx, bill_id)

    @rpc(callers=("payment",))
    def reverse(self, *, bill_id: str, reason: str = "full_refund") -> dict[str, Any]:
        """Give back the uses of a paid bill as far as its promotions say so."""
        with self.db.transaction() as tx:
            return usage.reverse(tx, bill_id, reason)

    @timer(3600.0)
    def forget_tries(self) -> None:
        """Remove counters of wrong codes whose time is over."""
        with self.db.transaction() as tx:
            tries.forget(tx)


def _tagged(promotion: dict[str, Any], *, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    return Answer(promotion, status=status, headers={**(headers or {}), "ETag": f'"{promotion["version"]}"'})


def _own_bill(request: Request) -> str:
    # Bills of other systems live beside ours: no id of theirs can touch a bill of the payment service.
    return f"{request.caller.venue}/{request.body['bill_id']}"
