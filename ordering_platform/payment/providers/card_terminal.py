"""A card terminal that is not connected to us: staff read its slip and say that the card was charged."""

from __future__ import annotations

from typing import ClassVar

from ordering_platform.payment.providers.counter import AtCounter


class CardTerminal(AtCounter):
    """The terminal on the counter; the number on its slip is kept with the payment."""

    id: ClassVar[str] = "card_terminal"
    name: ClassVar[str] = "Card at the counter"
