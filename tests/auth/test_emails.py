from __future__ import annotations

import pytest

from ordering_platform.auth import emails


@pytest.mark.parametrize(
    "text", ["ada@demo.example", " ADA@Demo.Example\t", "\N{FULLWIDTH LATIN CAPITAL LETTER A}da@demo.example"]
)
def test_an_address_has_one_form(text: str) -> None:
    assert emails.normal(text) == "ada@demo.example"


@pytest.mark.parametrize("text", ["a@b.example", "a+tag@b.c.example", "jürgen@münchen.example"])
def test_what_can_be_an_address(text: str) -> None:
    assert emails.is_address(text)


@pytest.mark.parametrize(
    "text", ["", "a", "@b.example", "a@b", "a@b.", "a@.b", "a@b..c", "a b@c.example", "a@b@c.example", "a@b.c\n"]
)
def test_what_cannot(text: str) -> None:
    assert not emails.is_address(text)


def test_an_address_has_at_most_254_characters() -> None:
    domain = "d" * 242 + ".example"
    assert emails.is_address("abc@" + domain)
    assert not emails.is_address("abcd@" + domain)
