"""Who may call: with a broker user for each service, the broker vouches for the caller."""

from __future__ import annotations

import pytest

from ordering_platform.runtime.entrypoints import rpc
from ordering_platform.runtime.errors import DomainError
from tests.support import rabbitmq
from tests.support.bus import calling, serving

pytestmark = pytest.mark.broker


class Vault:
    name = "vault"

    @rpc(callers=("teller",))
    def open_up(self) -> str:
        return "open"


def url_of(user: str) -> str:
    return rabbitmq.shared_node().url_of("/", user)


def test_a_service_named_among_the_callers_is_let_in() -> None:
    with serving(Vault, url_of("vault")), calling(url_of("teller"), "vault") as vault:
        assert vault.open_up() == "open"


@pytest.mark.parametrize("user", ["stranger", "guest"])
def test_any_other_caller_is_refused(user: str) -> None:
    with (
        serving(Vault, url_of("vault")),
        calling(url_of(user), "vault") as vault,
        pytest.raises(DomainError) as caught,
    ):
        vault.open_up()
    assert (caught.value.code, caught.value.status) == ("caller_not_allowed", 403)


def test_with_one_user_for_all_nobody_can_be_told_apart() -> None:
    with serving(Vault, url_of("guest")), calling(url_of("guest"), "vault") as vault:
        assert vault.open_up() == "open"
