"""Doors to promotions: made, seen, changed by new versions, paused, removed, and how they are used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ordering_platform.promotion import errors, promotions, reports, schemas, simulation, simulation_schemas
from ordering_platform.promotion.models import ARCHIVED, PAUSED, RUNNING
from ordering_platform.runtime.entrypoints import http
from ordering_platform.runtime.errors import PreconditionFailed, ServiceUnavailable
from ordering_platform.runtime.identity import staff
from ordering_platform.runtime.request import Answer
from ordering_platform.runtime.schemas import PageQuery

if TYPE_CHECKING:
    from ordering_platform.runtime.database import Transactions
    from ordering_platform.runtime.peers import Calls
    from ordering_platform.runtime.request import Request


class PromotionDoors:
    """Promotions as the venue's staff know them."""

    db: Transactions
    order: Calls

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
        "GET",
        "/v1/promotions/<promotion_id>/versions",
        who=staff("waiter"),
        query=PageQuery,
        answers=schemas.PromotionVersionPage,
        raises=(errors.PromotionNotFound,),
    )
    def list_versions(self, request: Request, promotion_id: str) -> dict[str, Any]:
        """List what a promotion has been, the newest version first; none of them ever changes."""
        query = request.query
        with self.db.read() as tx:
            return promotions.versions(tx, request.caller.venue, promotion_id, query["limit"], query.get("after"))

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
        "/v1/promotions/simulate",
        who=staff("manager"),
        body=simulation_schemas.Simulation,
        answers=simulation_schemas.SimulationReport,
        raises=(errors.PromotionNotFound, ServiceUnavailable),
    )
    def try_on_the_past(self, request: Request) -> dict[str, Any]:
        """Try a promotion on the paid orders of up to 92 days before it runs; nothing is written.

        Each order is looked at by itself, at the moment it was sent, beside the promotions that apply by
        themselves today. A code counts as typed by every guest; the first and the last day of the promotion are
        left out, its weekly hours are not. Limits are used up in the order of time.
        """
        return simulation.simulate(self.db, self.order, request.caller.venue, request.body)


def _tagged(promotion: dict[str, Any], *, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    return Answer(promotion, status=status, headers={**(headers or {}), "ETag": f'"{promotion["version"]}"'})
