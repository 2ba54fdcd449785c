"""What payment-service refuses, in the words a guest or a waiter reads."""

from __future__ import annotations

from ordering_platform.runtime.errors import (
    BadRequest,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    PaymentRequired,
    Unavailable,
)


class BillNotFound(NotFound):
    """There is no such bill, or it belongs to another table."""


class ReceiptNotFound(NotFound):
    """There is no receipt under this address; look at the link again, or ask the staff for a copy."""


class PaymentNotFound(NotFound):
    """There is no such payment, or it belongs to another table."""


class ProviderNotFound(NotFound):
    """No way to pay of this name is switched on here."""


class PriceChanged(Conflict):
    """The total is not the one you agreed to; look at the new quote and pay again. Nothing was charged."""


class BillReleased(Conflict):
    """An interrupted attempt was just taken back; send the same request again."""

    retry_after = 1


class BillClosed(Conflict):
    """This bill takes no payments any more; look at its status."""


class BillInProgress(Conflict):
    """This bill is being worked on just now; ask again shortly."""

    retry_after = 1


class BillPartlyPaid(Conflict):
    """Part of this bill is paid already, so it cannot be cancelled; ask staff for a refund."""


class CounterPaymentPending(Conflict):
    """You chose to pay at the counter; ask staff if you want to pay in another way."""


class NothingDue(Conflict):
    """Everything on this bill is paid or being paid just now."""


class ShareTaken(Conflict):
    """Somebody else has just taken this part; look at the bill and choose from what is free."""


class SplitDiffers(Conflict):
    """This bill, or this dish, is shared in another way already; join in as it is, or pay all that is left."""


class PaymentNotPending(Conflict):
    """This payment has ended and can be neither confirmed nor cancelled any more; look at its status."""


class PaymentNotAtCounter(Conflict):
    """Only payments at the counter are confirmed by staff; online payments confirm themselves."""


class PaymentNotHeld(Conflict):
    """No money of this payment is held, or it is decided already what becomes of it; look at its status."""


class HeldPaymentPending(Conflict):
    """Money is held for this bill; ask staff to take it or to let it go."""


class ChallengeNotPending(Conflict):
    """This payment waits for no answer from the card holder."""


class PaymentDeclined(PaymentRequired):
    """The payment was declined and nothing was charged; try another card or another way to pay."""


class PaymentExpired(PaymentRequired):
    """The payment was not finished in time and nothing was charged; start again to pay."""


class PaymentCancelled(PaymentRequired):
    """The payment was cancelled and nothing was charged; start again to pay."""


class PaymentMethodUnknown(Invalid):
    """This way to pay is not offered here; see /v1/payment-methods."""


class HoldNotPossible(Invalid):
    """This way to pay cannot hold money to take it later; leave out capture, or pay in another way."""


class CaptureNotPossible(Invalid):
    """Take more than nothing and no more than is held, in amounts this way to pay can move; or let it go."""


class CardInvalid(Invalid):
    """This card cannot be used here; the sandbox knows the test cards listed in /v1/payment-methods."""


class CurrencyMismatch(Invalid):
    """The amount is in another currency than the bill; send it in the currency of the venue."""


class TipTooLarge(Invalid):
    """The tip is larger than the bill itself; send a smaller one."""


class AmountOverDue(Invalid):
    """The amount is more than what is left to pay on this bill."""


class NothingToPay(Invalid):
    """What you chose costs nothing; choose something that costs more than nothing."""


class RefundNotFound(NotFound):
    """There is no such refund, or it belongs to another restaurant."""


class PaymentOfAnother(Forbidden):
    """Somebody else at the table pays this; ask them, or the staff, to cancel it."""


class RefundNeedsManager(Forbidden):
    """So much of one payment is given back by a manager only; ask one to do it."""


class PaymentNotCaptured(Conflict):
    """Nothing was taken with this payment, so there is nothing to give back; look at its status."""


class NothingToRefund(Conflict):
    """Everything that was taken with this payment is back, or on its way back."""


class BillStillOpen(Conflict):
    """Others are still paying this bill; until it is paid, a payment goes back whole only."""


class RefundFailed(Conflict):
    """The provider could not give the money back and nothing has moved; try again, or give it back in another way."""


class RefundOverCaptured(Invalid):
    """This is more than what is left of the payment; ask for no more than that. A tip goes back only when asked for."""


class RefundOverLine(Invalid):
    """This is more than what is left of one line of the bill; ask for no more than that."""


class RefundOverTip(Invalid):
    """This is more than what is left of the tip; ask for no more than that."""


class RefundTooSmall(Invalid):
    """What you ask for comes to nothing; name an amount that the way of paying can move."""


class LineNotOnBill(Invalid):
    """This bill has no such line; look at the lines of its quote."""


class WebhookInvalid(BadRequest):
    """The message is not signed by the payment provider, or is too old; it was not read."""


class ProviderUnavailable(Unavailable):
    """The payment provider cannot be reached; nothing was charged, the same request may be sent again."""
