"""The doors of the gateway: the API of all services, the pages, and what describes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ordering_platform.gateway.forwarding import Services
from ordering_platform.gateway.limits import Limits
from ordering_platform.gateway.manners import Manners
from ordering_platform.gateway.pages import Pages
from ordering_platform.runtime.entrypoints import http
from ordering_platform.runtime.errors import DomainError
from ordering_platform.runtime.identity import ANYONE
from ordering_platform.runtime.problems import problem
from ordering_platform.runtime.provided import Provided

if TYPE_CHECKING:
    from collections.abc import Callable

    from ordering_platform.runtime.replies import Reply
    from ordering_platform.runtime.request import Request

EVERY_METHOD = "GET,POST,PUT,PATCH,DELETE,OPTIONS"
# Above the payment service's own deadline, which covers two peers and a provider one after the other.
_PATIENCE = 28.0


class _AnyQuery:
    """Lets every query pass; the service that is meant judges it, and pages have none."""

    @staticmethod
    def load_query(_arguments: Any) -> dict[str, Any]:
        """Read nothing."""
        return {}


class GatewayService:
    """Stands between the internet and the services."""

    name = "gateway"

    services: Services = Provided(Services)
    limits: Limits = Provided(Limits)
    manners: Manners = Provided(Manners)
    pages: Pages = Provided(Pages)

    @http(EVERY_METHOD, "/v1/<path:rest>", who=ANYONE, raw=True, query=_AnyQuery)
    def forward(self, request: Request, rest: str) -> Reply:  # noqa: ARG002  the service reads the whole address
        """Pass a request on to the service it is meant for."""
        return self._politely(request, self._forwarded)

    @http(EVERY_METHOD, "/v1/checkout", who=ANYONE, raw=True, query=_AnyQuery, deadline=_PATIENCE)
    def check_out(self, request: Request) -> Reply:
        """Pass a checkout on, which may take longer than anything else."""
        return self._politely(request, self._forwarded)

    @http(EVERY_METHOD, "/v1/bills/<path:rest>", who=ANYONE, raw=True, query=_AnyQuery, deadline=_PATIENCE)
    def pay(self, request: Request, rest: str) -> Reply:  # noqa: ARG002  as above
        """Pass on what is about a bill, its payments with the same patience."""
        return self._politely(request, self._forwarded)

    @http(EVERY_METHOD, "/v1/receipts/<token>", who=ANYONE, raw=True, query=_AnyQuery)
    def receipt(self, request: Request, token: str) -> Reply:  # noqa: ARG002  as above
        """Pass a receipt on; a door of its own, because who reads its address in a log could open it."""
        return self._politely(request, self._forwarded)

    @http("GET", "/.well-known/<path:rest>", who=ANYONE, raw=True, query=_AnyQuery)
    def well_known(self, request: Request, rest: str) -> Reply:  # noqa: ARG002  as above
        """Pass on what others look for at a fixed address, such as the signing keys."""
        return self._politely(request, self._forwarded)

    @http("GET", "/t/<code>", who=ANYONE, raw=True, query=_AnyQuery)
    def table_page(self, request: Request, code: str) -> Reply:
        """Show the page behind the code on a table."""
        return self._politely(request, lambda asked: self.pages.table(asked, code, self.services))

    @http("GET", "/", who=ANYONE, raw=True, query=_AnyQuery)
    def home(self, request: Request) -> Reply:
        """Show where to go from here."""
        return self._politely(request, self.pages.home)

    @http("GET", "/staff/<page>", who=ANYONE, raw=True, query=_AnyQuery)
    def show_board(self, request: Request, page: str) -> Reply:
        """Show a board of the staff: the kitchen's or the floor's."""
        return self._politely(request, lambda asked: self.pages.staff(asked, page))

    @http("GET", "/docs", who=ANYONE, raw=True, query=_AnyQuery)
    def docs(self, request: Request) -> Reply:
        """Show every door of the API."""
        return self._politely(request, self.pages.docs)

    @http("GET", "/docs/errors", who=ANYONE, raw=True, query=_AnyQuery)
    def docs_errors(self, request: Request) -> Reply:
        """Show every error with its meaning."""
        return self._politely(request, self.pages.docs_errors)

    @http("GET", "/openapi.json", who=ANYONE, raw=True, query=_AnyQuery)
    def openapi(self, request: Request) -> Reply:
        """Send the OpenAPI document."""
        return self._politely(request, self.pages.openapi)

    @http("GET", "/static/<version>/<path:path>", who=ANYONE, raw=True, query=_AnyQuery)
    def static_file(self, request: Request, version: str, path: str) -> Reply:
        """Send a file of the pages."""
        return self._politely(request, lambda asked: self.pages.files.answer(asked, version, path), counted=False)

    def _forwarded(self, request: Request) -> Reply:
        return self.manners.preflight(request) or self.services.forward(request)

    def _politely(self, request: Request, answer: Callable[[Request], Reply], *, counted: bool = True) -> Reply:
        """Give an answer or a refusal, either with the headers of this house."""
        try:
            allowance = self.limits.take(request) if counted else []
            reply = answer(request)
            reply.headers += allowance
        except DomainError as error:
            reply = problem(error, request.path, request.request_id)
        return self.manners.added(request, reply)
