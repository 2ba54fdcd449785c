"""The services as data: their names, classes, path prefixes, ports and database schemas. Said here and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from werkzeug.utils import import_string

if TYPE_CHECKING:
    from ordering_platform.runtime.config import Settings


@dataclass(frozen=True, slots=True)
class Service:
    """One service: how it is called on the bus, where its class is, which addresses it answers."""

    name: str
    class_path: str
    port: int
    prefixes: tuple[str, ...] = ()
    schema: str | None = None

    @property
    def pod(self) -> str:
        """The name of its pod and of its image command."""
        return "api-gateway" if self.name == "gateway" else f"{self.name}-service"

    def load(self) -> Any:
        """Import the service class."""
        return import_string(self.class_path)

    def url(self, settings: Settings) -> str:
        """Where the gateway reaches it."""
        return str(getattr(settings, f"{self.name}_url"))


SERVICES = (
    Service("gateway", "ordering_platform.gateway.service:GatewayService", 8000),
    Service(
        "auth",
        "ordering_platform.auth.service:AuthService",
        8001,
        ("/v1/auth", "/v1/users", "/.well-known"),
        "auth",
    ),
    Service(
        "order",
        "ordering_platform.order.service:OrderService",
        8002,
        (
            "/v1/venue",
            "/v1/menu",
            "/v1/tables",
            "/v1/table-links",
            "/v1/table-sessions",
            "/v1/staff-calls",
            "/v1/orders",
            "/v1/events",
        ),
        "orders",
    ),
    Service(
        "payment",
        "ordering_platform.payment.service:PaymentService",
        8003,
        (
            "/v1/checkout",
            "/v1/bills",
            "/v1/payments",
            "/v1/refunds",
            "/v1/payment-methods",
            "/v1/webhooks",
            "/v1/receipts",
            "/v1/reports",
        ),
        "payments",
    ),
    Service(
        "promotion",
        "ordering_platform.promotion.service:PromotionService",
        8004,
        ("/v1/promotions",),
        "promotions",
    ),
)

BY_NAME = {service.name: service for service in SERVICES}
BEHIND_GATEWAY = tuple(service for service in SERVICES if service.prefixes)
