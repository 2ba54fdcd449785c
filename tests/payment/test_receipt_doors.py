"""Receipts and reports through the gateway: who gets in, in which form, and what no log ever shows."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest

from ordering_platform.embedded import broker  # noqa: F401  makes inproc:// known
from ordering_platform.gateway.service import GatewayService
from ordering_platform.order import errors as _order_errors  # noqa: F401  relayed codes are looked up among the imported
from ordering_platform.payment.receipts.page import POLICY
from ordering_platform.payment.service import PaymentService
from ordering_platform.promotion import errors as _promotion_errors  # noqa: F401  as above
from ordering_platform.runtime import logs
from ordering_platform.runtime.entrypoints import http
from ordering_platform.runtime.identity import ANYONE
from ordering_platform.runtime.provided import Provided
from ordering_platform.runtime.runner import Runner, Served
from tests.payment.fakes import Orders, Promotions
from tests.support import services, tokens
from tests.support.http import Response, call, free_port
from tests.support.promised import Promises

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ordering_platform.runtime.request import Request
    from tests.payment.conftest import Restaurant

ORDERS = Orders()
PROMISES = Promises(PaymentService)
BROWSER = {
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language": "de-AT,de;q=0.9",
}
PDF = {"Accept": "application/pdf"}


class Desk(PaymentService):
    """Payment-service as it is, with stand-ins where it would call its peers, and the key the tests sign with."""

    order = Provided(lambda _: ORDERS)
    promotion = Provided(lambda _: Promotions())

    @http("GET", "/.well-known/jwks.json", who=ANYONE)
    def jwks(self, _request: Request) -> dict[str, Any]:
        return tokens.jwks()


@pytest.fixture(scope="module")
def port(database_url: str) -> Iterator[int]:
    """Give the port of a gateway with the payment-service behind it."""
    common = {"database_url": database_url, "amqp_url": "inproc://receipt-tests", "payment_providers": ("sandbox",)}
    desk = services.settings(http_port=free_port(), **common)
    front = services.settings(
        http_port=free_port(), jwks_url=desk.jwks_url, payment_url=f"http://127.0.0.1:{desk.http_port}", **common
    )
    runner = Runner([Served(Desk, desk), Served(GatewayService, front)])
    runner.start()
    yield front.http_port
    runner.stop()


@pytest.fixture
def link(port: int, restaurant: Restaurant) -> str:  # noqa: ARG001  the service that runs uses the same database
    """Give the link of a bill that was paid."""
    restaurant.check_out()
    bill = restaurant.bill
    return f"/v1/receipts/{bill['id']}-{bill['receipt_secret']}"


def get(port: int, path: str, headers: dict[str, str] | None = None, method: str = "GET") -> Response:
    return call(port, method, path, None, headers or {})


class TestReceipts:
    def test_the_link_opens_for_anybody_and_for_nobody_to_keep(self, port: int, link: str) -> None:
        answer = get(port, link)
        PROMISES.check("GET", link, answer)
        assert answer.status == 200
        assert answer.headers["cache-control"] == "private, no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-robots-tag"] == "noindex"

    def test_a_browser_gets_a_page_in_its_language(self, port: int, link: str) -> None:
        answer = get(port, link, BROWSER)
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert answer.headers["content-security-policy"] == POLICY
        assert answer.headers["cache-control"] == "private, no-store"
        assert b'<html lang="de">' in answer.body
        assert f'href="{link}.pdf"'.encode() in answer.body

    @pytest.mark.parametrize(("ending", "headers"), [(".pdf", {}), (".pdf", BROWSER), ("", PDF)])
    def test_a_pdf_comes_by_its_type_or_by_its_ending(
        self, port: int, link: str, ending: str, headers: dict[str, str]
    ) -> None:
        answer = get(port, link + ending, headers)
        assert answer.headers["content-type"] == "application/pdf"
        assert answer.headers["content-disposition"].startswith('inline; filename="2')
        assert answer.body.startswith(b"%PDF-")

    @pytest.mark.parametrize("accept", ["application/json", "*/*", "application/json, text/html;q=0.5"])
    def test_a_program_gets_json(self, port: int, link: str, accept: str) -> None:
        assert get(port, link, {"Accept": accept}).json["kind"] == "sale"

    def test_what_is_not_there_is_not_accepted(self, port: int, link: str) -> None:
        assert get(port, link, {"Accept": "image/png"}).status == 406

    @pytest.mark.parametrize("ending", ["x", "0", "-", "/", "/x", "%00", ".pdf.pdf", "?a=1"])
    def test_any_other_address_is_refused(self, port: int, link: str, ending: str) -> None:
        assert get(port, link + ending).status in {400, 404}

    def test_no_log_shows_the_link(self, port: int, link: str, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.INFO, logs.ROOT):
            for method in ("GET", "HEAD", "POST"):
                get(port, link, method=method)
            get(port, f"{link}.pdf")
            get(port, f"{link}x")
        lines = [logs.Json().format(record) for record in caplog.records]
        assert {json.loads(line).get("service") for line in lines} >= {"gateway", "payment"}
        assert not [line for line in lines if link.rpartition("-")[2] in line]


def manager(role: str = "manager", **claims: Any) -> dict[str, str]:
    return tokens.bearer("staff", role, **{"venue": "ven_1", **claims})


class TestReports:
    def test_a_manager_reads_the_day(self, port: int, link: str) -> None:
        answer = get(port, "/v1/reports/day", manager())
        PROMISES.check("GET", "/v1/reports/day", answer)
        assert answer.json["currencies"][0]["total"] == {"amount": 1000, "currency": "EUR"}
        assert get(port, link).json["number"] == answer.json["last_receipt"]

    @pytest.mark.parametrize(("path", "headers"), [("?format=csv", {}), ("", {"Accept": "text/csv"})])
    def test_a_spreadsheet_gets_a_table(self, port: int, link: str, path: str, headers: dict[str, str]) -> None:
        del link
        answer = get(port, f"/v1/reports/day{path}", {**manager(), **headers})
        assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
        assert answer.headers["content-disposition"].startswith('attachment; filename="day-2')
        assert b"summary,total,,,10.00,EUR" in answer.body

    @pytest.mark.parametrize("role", ["kitchen", "waiter", "cashier"])
    def test_others_do_not(self, port: int, role: str) -> None:
        assert get(port, "/v1/reports/day", manager(role)).code == "role_not_allowed"

    def test_nobody_reads_it_without_a_token(self, port: int) -> None:
        assert get(port, "/v1/reports/day").status == 401

    def test_another_venue_sees_its_own_day(self, port: int, link: str) -> None:
        del link
        assert get(port, "/v1/reports/day", manager(venue="ven_2")).json["receipts"] == 0

    @pytest.mark.parametrize(
        "date", ["", "today", "2026-13-01", "2026-02-30", "20261123", "9999-12-31", "2026-11-23T00"]
    )
    def test_a_day_is_one_of_the_calendar(self, port: int, date: str) -> None:
        answer = get(port, f"/v1/reports/day?date={date}", manager())
        assert (answer.status, answer.code) == (400, "invalid_parameter")

    def test_any_day_may_be_asked_for(self, port: int) -> None:
        assert get(port, "/v1/reports/day?date=1999-12-31", manager()).json["currencies"][0]["bills"] == 0
