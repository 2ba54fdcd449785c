"""What several doors have in common: refusals by group, and the time a checkout may take."""

from __future__ import annotations

from ordering_platform.payment import errors
from ordering_platform.runtime.errors import IdempotencyInProgress, IdempotencyKeyReused, ServiceUnavailable

KEY_REFUSALS = (IdempotencyInProgress, IdempotencyKeyReused)
PRICE_REFUSALS = (errors.CurrencyMismatch, errors.TipTooLarge, ServiceUnavailable)
CARD_REFUSALS = (
    errors.PaymentMethodUnknown,
    errors.CardInvalid,
    errors.HoldNotPossible,
    errors.PaymentDeclined,
    errors.ProviderUnavailable,
)
# A checkout asks two services and a provider one after the other, each with a deadline of its own.
CHECKOUT_DEADLINE = 25.0
