"""The page about promotions shows documents that the API takes, and says truly what they take off."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from ordering_platform.promotion import document
from ordering_platform.promotion.rules import registry
from ordering_platform.promotion.schemas import NewPromotion
from tests.promotion.samples import decided, line

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "promotions.md").read_text()
EXAMPLES = [
    (json.loads(text), round(float(claim) * 100))
    for claim, text in re.findall(r"takes ([\d.]+) off[^`]*```json\n(.*?)```", PAGE, re.DOTALL)
]
FRIDAY_NIGHT = datetime.fromisoformat("2026-11-27T23:30:00+01:00")
ORDER = [
    line(1090, "plate", menu_item_id="itm_demo_lunch"),
    line(960, "coffee", quantity=3, menu_item_id="itm_demo_coffee", category_id="cat_demo_hot_drinks"),
    line(450, "cake", menu_item_id="itm_demo_apple_pie"),
]


def test_the_page_shows_every_kind_of_reward() -> None:
    assert len(EXAMPLES) == PAGE.count("```json")
    assert {marker for shown, _ in EXAMPLES for marker in registry.kinds() if marker in shown["reward"]} == set(
        registry.kinds()
    )


@pytest.mark.parametrize(
    ("shown", "claimed"), EXAMPLES, ids=lambda value: value["name"] if isinstance(value, dict) else ""
)
def test_an_example_is_accepted_and_takes_off_what_the_page_says(shown: dict[str, Any], claimed: int) -> None:
    accepted = NewPromotion().load_body(shown)
    assert accepted == shown
    assert decided([document.read("prm_1", 1, accepted)], ORDER, now=FRIDAY_NIGHT).discount == claimed
