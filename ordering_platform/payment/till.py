"""The till: everything the verbs of this service need at hand, gathered once for each request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ordering_platform.payment.errors import HoldNotPossible, PaymentMethodUnknown, ProviderNotFound
from ordering_platform.payment.providers import Provider, switched_on

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ordering_platform.runtime.config import Settings
    from ordering_platform.runtime.database import Transactions


@dataclass(frozen=True, slots=True)
class Terms:
    """The ways to pay that are switched on, and how long things may take, in seconds."""

    providers: dict[str, Provider]
    lease: float
    online_expiry: float
    counter_expiry: float | None
    hold_expiry: float
    # What a cashier may give back of one payment, in minor units; more is a manager's business.
    refund_limit: int = 10_000


def terms_of(settings: Settings) -> Terms:
    """Read the terms from the settings.

    A lease outlives the two calls a driver makes between two writes; who comes later may then take over.
    """
    return Terms(
        providers=switched_on(settings),
        lease=2 * settings.rpc_timeout + 1,
        online_expiry=settings.online_expiry,
        counter_expiry=settings.counter_expiry or None,
        hold_expiry=settings.hold_expiry,
        refund_limit=settings.refund_limit,
    )


@dataclass(frozen=True, slots=True)
class Till:
    """The database, the two peers and the terms."""

    db: Transactions
    order: Any
    promotion: Any
    terms: Terms

    def offered(self, method: str) -> Provider:
        """Give the provider of a way to pay a client asks for; raises PaymentMethodUnknown."""
        try:
            return self.terms.providers[method]
        except KeyError:
            raise PaymentMethodUnknown from None

    def chosen(self, wish: Mapping[str, Any]) -> Provider:
        """Give the provider of a wish to pay: its ``method``, ``card`` and when to ``capture``.

        Raises PaymentMethodUnknown, CardInvalid or HoldNotPossible before anything is kept.
        """
        provider = self.offered(wish["method"])
        provider.check(wish.get("card"))
        if wish.get("capture") == "later" and not provider.holds:
            raise HoldNotPossible
        return provider

    def step(self, method: str | None, priced: Mapping[str, Any]) -> int:
        """Give the smallest amount a payment of these orders can move by; 1 while nobody has said how."""
        if method is None:
            return 1
        return self.provider(method).step(priced["currency"], priced["venue"]["cash_step_minor"])

    def provider(self, method: str) -> Provider:
        """Give the provider of a payment that exists; raises ProviderNotFound where it was switched off since."""
        try:
            return self.terms.providers[method]
        except KeyError:
            raise ProviderNotFound from None
