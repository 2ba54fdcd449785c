"""The roles of staff: which one includes which, and who may give which. Pure."""

from __future__ import annotations

# Each includes all before it.
LADDER = ("kitchen", "waiter", "cashier", "manager", "owner")
SERVICE = "service"
ROLES = (*LADDER, SERVICE)
LEAST = LADDER[0]
OWNER = "owner"

_SERVICE_ACTS_AS = "cashier"
_GIVES_UP_TO = {"manager": "cashier"}


def implied(role: str) -> list[str]:
    """List the role with every role it includes; an integrator's ``service`` acts as cashier."""
    if role == SERVICE:
        return [*implied(_SERVICE_ACTS_AS), SERVICE]
    return list(LADDER[: LADDER.index(role) + 1])


def given_by(role: str) -> frozenset[str]:
    """Give the roles that somebody with this role may hand out and whose holders they may change."""
    if role == OWNER:
        return frozenset(ROLES)
    return frozenset(implied(_GIVES_UP_TO[role])) if role in _GIVES_UP_TO else frozenset()
