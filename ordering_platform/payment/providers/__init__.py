"""The ways to pay, as plug-ins behind one protocol: what a provider must be able to do, and which are switched on.

A provider is a class with the name of its method in the entry-point group
``ordering_platform.payment_providers``. Everything it is asked carries our payment id as its key, so that
asking twice charges once. What it answers is an ``Outcome``; what it cannot answer in time is
``ProviderSilent``, and the payment stays unknown until a later look-up.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from ordering_platform.payment.errors import CardInvalid, ChallengeNotPending, ProviderNotFound
from ordering_platform.runtime.config import ConfigInvalid

if TYPE_CHECKING:
    from collections.abc import Mapping
    from importlib.metadata import EntryPoint

    from ordering_platform.runtime.config import Settings

Status = Literal["processing", "requires_action", "authorized", "captured", "failed", "unknown"]
RefundStatus = Literal["processing", "succeeded", "failed", "unknown"]

GROUP = "ordering_platform.payment_providers"


class ProviderSilent(Exception):
    """The provider did not answer in time: the charge may or may not have been made."""


@dataclass(frozen=True, slots=True)
class Charge:
    """What is to be charged: our payment id is the provider's idempotency key; ``amount`` is in minor units."""

    payment_id: str
    amount: int
    currency: str
    card: Mapping[str, Any] = field(default_factory=dict)
    # Hold the money now; it is taken by ``Provider.capture`` or let go by ``Provider.cancel``.
    capture_later: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a provider says about a charge; ``amount`` and ``currency`` are what it has really charged."""

    status: Status
    reference: str | None = None
    amount: int = 0
    currency: str = ""
    code: str | None = None
    next_action: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Repayment:
    """What is to be given back: our refund id is the provider's idempotency key; ``amount`` is in minor units."""

    refund_id: str
    payment_id: str
    reference: str | None
    amount: int
    currency: str


@dataclass(frozen=True, slots=True)
class RefundOutcome:
    """What a provider says about a refund."""

    status: RefundStatus
    reference: str | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """What a signed webhook is about; its content is never believed, the provider is asked again."""

    event_id: str
    kind: str
    payment_id: str | None
    refund_id: str | None = None


class Provider:
    """The base of every way to pay; ``kind`` is ``counter`` where staff confirm, ``online`` otherwise."""

    id: ClassVar[str]
    name: ClassVar[str]
    kind: ClassVar[Literal["counter", "online"]]
    # Whether money can be held first and taken later.
    holds: ClassVar[bool] = False

    def __init__(self, settings: Settings) -> None:
        """Keep what the provider needs; touches no network."""

    def described(self) -> dict[str, Any]:
        """Give what a page needs to offer this way to pay."""
        return {"id": self.id, "name": self.name, "kind": self.kind}

    def check(self, card: Mapping[str, Any] | None) -> None:
        """Let a card pass that could be charged; raises CardInvalid before anything is kept."""
        if card is not None:
            raise CardInvalid

    def create(self, charge: Charge) -> Outcome:
        """Charge once for this payment id, however often it is asked.

        Raises ProviderSilent where the answer is lost and ProviderUnavailable where nothing was sent.
        """
        raise NotImplementedError

    def look_up(self, payment_id: str, reference: str | None = None) -> Outcome | None:
        """Give the present state of a charge, or None where none has arrived; raises ProviderSilent.

        ``reference`` is the provider's own, where its answer has reached us; here and below it saves a search.
        """
        raise NotImplementedError

    def cancel(self, payment_id: str, reference: str | None = None) -> Outcome:
        """Make sure this payment id will never be charged, or say that it has been; raises ProviderSilent."""
        raise NotImplementedError

    def step(self, currency: str, cash_step: int) -> int:
        """Give the smallest amount a charge can move by, in minor units; ``cash_step`` is the venue's smallest coin."""
        del currency, cash_step
        return 1

    def capture(self, payment_id: str, amount: int, reference: str | None = None) -> Outcome:
        """Take up to what is held, once, and let the rest go; raises ProviderSilent."""
        raise NotImplementedError

    def refund(self, repayment: Repayment) -> RefundOutcome:
        """Give money back once for this refund id, however often it is asked; raises ProviderSilent.

        At the counter the money is handed over by the staff who ask for it, so it is back at once.
        """
        raise NotImplementedError

    def look_up_refund(self, repayment: Repayment) -> RefundOutcome | None:
        """Give the present state of a refund, or None where none has arrived; raises ProviderSilent."""
        raise NotImplementedError

    def challenge(self, payment_id: str, *, approve: bool) -> Outcome:
        """Give the card holder's answer where the provider lets us pass it on; raises ChallengeNotPending."""
        del payment_id, approve
        raise ChallengeNotPending

    def read_webhook(self, headers: Mapping[str, str], body: bytes) -> Notice:
        """Check the signature of a webhook; raises WebhookInvalid or, without webhooks, ProviderNotFound."""
        del headers, body
        raise ProviderNotFound


def switched_on(settings: Settings) -> dict[str, Provider]:
    """Make the providers the settings name, in their order; raises ConfigInvalid for one that is not installed."""
    installed = {one.name: one for one in entry_points(group=GROUP)}
    missing = [name for name in settings.payment_providers if name not in installed]
    if missing:
        raise ConfigInvalid(f"ORDERING_PAYMENT_PROVIDERS: no plug-in is installed for {', '.join(missing)}")
    return {name: _loaded(installed[name])(settings) for name in settings.payment_providers}


def _loaded(plug_in: EntryPoint) -> type[Provider]:
    try:
        found: type[Provider] = plug_in.load()
    except ModuleNotFoundError as fault:
        raise ConfigInvalid(
            f"ORDERING_PAYMENT_PROVIDERS: {plug_in.name} needs {fault.name}; install ordering-platform[{plug_in.name}]"
        ) from fault
    return found
