"""The doors of the gateway: the API of all services, the pages, and what describes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ordering_platform.gateway.forwarding import Services
from ordering_platform.gateway.limits import Limits
from ordering_platform.gateway.manners import Manners
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


class _AnyQuery:
    """Lets every query pass; the service that is meant judges it."""

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

    @http(EVERY_METHOD, "/v1/<path:rest>", who=ANYONE, raw=True, query=_AnyQuery)
    def forward(self, request: Request, rest: str) -> Reply:  # noqa: ARG002  the service reads the whole address
        """Pass a request on to the service it is meant for."""
        return self._politely(request, self._forwarded)

    @http("GET", "/.well-known/<path:rest>", who=ANYONE, raw=True, query=_AnyQuery)
    def well_known(self, request: Request, rest: str) -> Reply:  # noqa: ARG002  as above
        """Pass on what others look for at a fixed address, such as the signing keys."""
        return self._politely(request, self._forwarded)

    def _forwarded(self, request: Request) -> Reply:
        allowance = self.limits.take(request)
        reply = self.manners.preflight(request) or self.services.forward(request)
        reply.headers += allowance
        return reply

    def _politely(self, request: Request, answer: Callable[[Request], Reply]) -> Reply:
        """Give an answer or a refusal, either with the headers of this house."""
        try:
            reply = answer(request)
        except DomainError as error:
            reply = problem(error, request.path, request.request_id)
        return self.manners.added(request, reply)
