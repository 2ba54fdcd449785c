"""A phone in the hand of a guest: real Chromium at 390x844, whose every complaint fails the test."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import eventlet
import pytest
from playwright.sync_api import expect, sync_playwright

from tests.support.calls import call

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, BrowserContext, Page

    from tests.support.platform import Platform

CHROMIUM = "/usr/bin/chromium"
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
#: A name that is no secure origin, as the address of a laptop in a restaurant's network is none.
INSECURE = "cafe.test"

expect.set_options(timeout=8_000)


@dataclass
class Phone:
    """One page with what it complained about."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def watch(self, home: str) -> None:
        """Note errors on the console, broken scripts and requests to anybody else."""
        self.page.on("console", lambda message: self._note(message.text) if message.type == "error" else None)
        self.page.on("pageerror", lambda fault: self._note(str(fault)))
        self.page.on(
            "request", lambda request: None if request.url.startswith((home, "data:")) else self._note(request.url)
        )

    def _note(self, text: str) -> None:
        if not any(re.search(pattern, text) for pattern in self.expected):
            self.complaints.append(text)

    def tap(self, name: str | re.Pattern[str], *, exact: bool = False) -> None:
        """Press the button of this name."""
        self.page.get_by_role("button", name=name, exact=exact).first.click()

    def says(self, text: str | re.Pattern[str]) -> None:
        """Wait until the page shows a text."""
        expect(self.page.get_by_text(text).first).to_be_visible()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Give one Chromium for all pages."""
    playwright = sync_playwright().start()
    started = playwright.chromium.launch(
        executable_path=CHROMIUM, args=[*QUIET, f"--host-resolver-rules=MAP {INSECURE} 127.0.0.1"]
    )
    yield started
    started.close()
    # Its event loop runs on patched selectors and does not always notice that its driver has ended.
    with eventlet.Timeout(2.0, exception=False):
        playwright.stop()


@contextmanager
def phone(browser: Browser, home: str, language: str = "en-US", **options: Any) -> Iterator[Phone]:
    """Hold a phone; at the end it must not have complained."""
    context: BrowserContext = browser.new_context(
        viewport={"width": 390, "height": 844}, locale=language, has_touch=True, is_mobile=True, **options
    )
    with _watched(context, home) as held:
        yield held


@contextmanager
def tablet(browser: Browser, home: str, language: str = "en-US", **options: Any) -> Iterator[Phone]:
    """Stand before a tablet on the wall; at the end it must not have complained."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale=language, has_touch=True, **options)
    with _watched(context, home) as held:
        yield held


@contextmanager
def _watched(context: BrowserContext, home: str) -> Iterator[Phone]:
    held = Phone(context.new_page())
    held.watch(home)
    try:
        yield held
        assert held.complaints == [], held.complaints
    finally:
        context.close()


class Staff:
    """Somebody who works there, over the API."""

    def __init__(self, platform: Platform, role: str = "manager") -> None:
        self.url = platform.url
        given = {"email": platform.email(role), "password": platform.password(role)}
        self.token = call(f"{self.url}/v1/auth/login", "POST", body=given).json["access_token"]

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Make a request that must work and give what it answers."""
        answer = call(self.url + path, method, body=body, token=self.token)
        assert answer.status < 400, answer
        return answer.json if answer.body else None

    def orders(self, table_id: str) -> list[Any]:
        """What a table has sent, newest first."""
        found = self.ask("GET", "/v1/orders?limit=100")["data"]
        return [order for order in found if order["table"]["id"] == table_id]

    def move(self, order_id: str, *path: str) -> None:
        """Take an order through these statuses."""
        for status in path:
            self.ask("POST", f"/v1/orders/{order_id}/status", {"to": status})


@pytest.fixture(scope="session")
def manager(platform: Platform) -> Staff:
    return Staff(platform)


@pytest.fixture(scope="session")
def free_table(manager: Staff) -> Callable[[], dict[str, Any]]:
    """Give a function that makes a table nobody has sat at."""
    made: list[int] = []

    def make() -> dict[str, Any]:
        made.append(1)
        table: dict[str, Any] = manager.ask("POST", "/v1/tables", {"name": f"P{len(made)}"})
        return table

    return make
