from __future__ import annotations

import pytest

from ordering_platform.auth import roles


def test_each_role_includes_the_ones_below() -> None:
    assert roles.implied("kitchen") == ["kitchen"]
    assert roles.implied("manager") == ["kitchen", "waiter", "cashier", "manager"]
    assert roles.implied("owner") == ["kitchen", "waiter", "cashier", "manager", "owner"]


def test_an_integrator_acts_as_cashier_and_not_above() -> None:
    assert roles.implied("service") == ["kitchen", "waiter", "cashier", "service"]


@pytest.mark.parametrize(
    ("role", "given"),
    [
        ("kitchen", set()),
        ("waiter", set()),
        ("cashier", set()),
        ("service", set()),
        ("manager", {"kitchen", "waiter", "cashier"}),
        ("owner", {"kitchen", "waiter", "cashier", "manager", "owner", "service"}),
    ],
)
def test_who_may_give_which_role(role: str, given: set[str]) -> None:
    assert roles.given_by(role) == given


def test_every_role_has_its_rules() -> None:
    for role in roles.ROLES:
        assert role in roles.implied(role)
        assert roles.given_by(role) <= set(roles.ROLES)
