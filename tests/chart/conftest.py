"""Helm for every test of the chart, and what it makes of each profile."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.chart.rendering import PROFILES, Helm, Rendered

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def helm() -> Iterator[Helm]:
    with Helm() as running:
        yield running


@pytest.fixture(params=PROFILES, ids=lambda profile: profile.name.replace(" ", "-"))
def rendered(request: pytest.FixtureRequest, helm: Helm) -> Rendered:
    return helm.render(request.param)
