"""What every kind of reward is: parameters read from a document, and what they take off a basket. PURE."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ordering_platform.promotion.errors import NotApplicable
    from ordering_platform.promotion.rules.basket import Basket


class Rule(ABC):
    """One kind of reward; it holds no state but its parameters.

    ``marker`` is the field of a document by which the kind is known; of equal priority, a lower ``rank``
    is applied earlier. A kind must be able to read its parameters and to share out its discount.
    """

    __slots__ = ()

    marker: ClassVar[str]
    rank: ClassVar[int] = 1

    @classmethod
    @abstractmethod
    def read(cls, reward: Mapping[str, Any]) -> Self:
        """Read and check the parameters; raises ParameterInvalid."""

    @abstractmethod
    def shares(self, basket: Basket) -> dict[str, int]:
        """Give the discount by line id, never more than is left of a line; raises NotApplicable."""

    @property
    def stage(self) -> str:
        """Where it stands unless its document says otherwise: with the items, or with the whole order."""
        return "item"

    def gift(self, basket: Basket) -> dict[str, int]:  # noqa: ARG002  most kinds give nothing of their own
        """Give the units by line id that are the reward itself and so count towards no condition."""
        return {}

    def more(self, basket: Basket) -> NotApplicable | None:  # noqa: ARG002  most kinds give all they have
        """Give the reason why it takes no more off than it does, where the guest can mend that."""
        return None
