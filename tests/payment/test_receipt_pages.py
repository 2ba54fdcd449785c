"""A receipt as a page and as a PDF: what stands on it, in two languages, whatever people call their dishes."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import pytest

from ordering_platform.payment.receipts.layout import sheets
from ordering_platform.payment.receipts.page import POLICY, page
from ordering_platform.payment.receipts.paper import paper
from ordering_platform.payment.receipts.wording import LANGUAGES, WORDS, amount, moment, rate
from tests.payment.refund_checks import eur

WHEN = datetime(2026, 11, 23, 18, 42, tzinfo=UTC)
HEADING = {
    "number": "2026-11-23-0042",
    "venue": {
        "name": "At the Corner",
        "address": "1 Market Street\nBerlin",
        "tax_number": "DE123",
        "time_zone": "Europe/Berlin",
    },
    "table": "T1",
    "currency": "EUR",
    "currency_digits": 2,
    "paid_at": WHEN,
}


def receipt(name: str = "Soup", **change: Any) -> dict[str, Any]:
    line = {"quantity": 2, "name": name, "gross": eur(2380), "options": [{"name": "Bread", "price": eur(90)}]}
    return {
        **HEADING,
        "kind": "sale",
        "lines": [line],
        "subtotal": eur(2380),
        "discounts": [{"name": "Happy hour", "amount": eur(238)}],
        "service_charge": eur(0),
        "tax_included": True,
        "tax_lines": [{"rate_ppm": 190_000, "net": eur(1800), "tax": eur(342)}],
        "tip": eur(100),
        "rounding": eur(-2),
        "total": eur(2240),
        "payments": [{"method": "cash", "paid_at": WHEN, "total": eur(2240)}],
        "credits": [],
        **change,
    }


def credit(kind: str = "credit") -> dict[str, Any]:
    return {
        **HEADING,
        "kind": kind,
        "number": "2026-11-24-0001",
        "original": "2026-11-23-0042",
        "method": "cash",
        "lines": [{"quantity": 1, "name": "Soup", "amount": eur(1190)}],
        "tip": eur(0),
        "total": eur(1190),
        "tax_lines": [{"rate_ppm": 190_000, "net": eur(1000), "tax": eur(190)}],
    }


def rows(told: dict[str, Any], language: str = "en", sheet: int = 0) -> list[tuple[str, str]]:
    return [(row.left, row.right) for row in sheets(told, language)[sheet] if row.style != "rule"]


def test_a_receipt_reads_from_top_to_bottom() -> None:
    assert rows(receipt()) == [
        ("At the Corner", ""),
        ("1 Market Street", ""),
        ("Berlin", ""),
        ("Tax number DE123", ""),
        ("Receipt 2026-11-23-0042", ""),
        ("2026-11-23 19:42", ""),
        ("Table: T1", ""),
        ("2 x Soup", "23.80"),
        ("+ Bread", ""),
        ("Subtotal", "23.80"),
        ("Discount: Happy hour", "-2.38"),
        ("Tip", "1.00"),
        ("Rounding", "-0.02"),
        ("Total EUR", "22.40"),
        ("Tax 19 %, included (net 18.00)", "3.42"),
        ("Paid by cash", "22.40"),
        ("2026-11-23 19:42", ""),
    ]


def test_tax_on_top_stands_before_the_total_and_in_german() -> None:
    told = rows(receipt(tax_included=False, service_charge=eur(250)), "de")
    assert told[11:15] == [
        ("Bedienung", "2,50"),
        ("Steuer 19 % (netto 18,00)", "3,42"),
        ("Trinkgeld", "1,00"),
        ("Rundung", "-0,02"),
    ]


@pytest.mark.parametrize(("kind", "title", "sign"), [("credit", "Refund", "-"), ("reversal", "Returned refund", "")])
def test_a_refund_is_a_sheet_of_its_own(kind: str, title: str, sign: str) -> None:
    told = rows(receipt(credits=[credit(kind)]), sheet=1)
    assert told[4:] == [
        (f"{title} 2026-11-24-0001", ""),
        ("For receipt 2026-11-23-0042", ""),
        ("2026-11-23 19:42", ""),
        ("Table: T1", ""),
        ("1 x Soup", f"{sign}11.90"),
        ("Total EUR", f"{sign}11.90"),
        (f"Tax 19 %, included (net {sign}10.00)", f"{sign}1.90"),
        ("Given back by cash", f"{sign}11.90"),
    ]


@pytest.mark.parametrize(
    ("minor", "digits", "language", "written"),
    [
        (1250, 2, "en", "12.50"),
        (1250, 2, "de", "12,50"),
        (-2, 2, "en", "-0.02"),
        (990, 0, "en", "990"),
        (5124, 3, "en", "5.124"),
        (0, 2, "en", "0.00"),
    ],
)
def test_amounts_have_the_digits_of_their_currency(minor: int, digits: int, language: str, written: str) -> None:
    assert amount({"amount": minor}, digits, language) == written


@pytest.mark.parametrize(("ppm", "written"), [(190_000, "19 %"), (88_750, "8.875 %"), (0, "0 %"), (1, "0.0001 %")])
def test_rates_have_as_many_digits_as_they_need(ppm: int, written: str) -> None:
    assert rate(ppm, "en") == written


def test_times_are_those_of_the_venue() -> None:
    assert moment(WHEN, "Asia/Tokyo") == "2026-11-24 03:42"


def test_both_languages_have_the_same_words() -> None:
    assert {frozenset(WORDS[language]) for language in LANGUAGES} == {frozenset(WORDS["en"])}


class Elements(HTMLParser):
    """Notes which elements and attributes a page has, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


NASTY = '<script>alert(1)</script><img src=x onerror="x"> & "quoted" \'s {{x}}'


class TestPage:
    def test_what_people_wrote_stays_text(self) -> None:
        venue = {**HEADING["venue"], "name": NASTY, "address": NASTY, "tax_number": NASTY}  # type: ignore[dict-item]  # one of several types
        told = receipt(NASTY, venue=venue, table=NASTY)
        read = Elements(page(told, "en", "/v1/receipts/x.pdf").decode())
        assert not read.tags & {"script", "img"}
        assert not read.attributes & {"style", "onerror", "onclick"}
        assert read.text.count(NASTY) == 6

    def test_it_needs_no_script_and_lets_nothing_else_in(self) -> None:
        html = page(receipt(), "de", "/v1/receipts/x.pdf").decode()
        assert '<html lang="de">' in html
        assert POLICY.startswith("default-src 'none'; style-src 'sha256-")
        assert "unsafe" not in POLICY
        assert "http" not in html.replace("https", "http").split("<body>")[1]

    def test_each_refund_begins_a_page(self) -> None:
        assert page(receipt(credits=[credit(), credit()]), "en", "").count(b"<article>") == 3


# ruff: noqa: RUF001  people write in their own letters
ODD = [
    "Κοτόσουπα με αυγολέμονο",
    "Борщ со сметаной",
    "Crème brûlée à l’ancienne, œuf, 1½ × ½ l — „Weiße“",
    "寿司の盛り合わせ",
    "حمص بالطحينة",
    "חומוס עם טחינה",
    "🍕🌶️👩‍🍳 Pizza",
    "e\u0301\u0323 \u200b\u202e\ufeff",
    "\U0010ffff \ud7ff",
    "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen" * 4,
    "x" * 2000,
    "",
    "   ",
]


class TestPaper:
    @pytest.mark.parametrize("name", ODD)
    @pytest.mark.parametrize("language", LANGUAGES)
    def test_a_dish_may_be_called_anything(self, name: str, language: str) -> None:
        assert paper(receipt(name), language).startswith(b"%PDF-")

    def test_each_receipt_has_a_page_as_wide_as_the_roll(self) -> None:
        written = paper(receipt(credits=[credit()]), "en")
        boxes = re.findall(rb"/MediaBox \[ ?0 0 ([0-9.]+) ([0-9.]+) ?\]", written)
        assert len(boxes) == 2
        assert {round(float(width) * 25.4 / 72) for width, _ in boxes} == {80}

    def test_a_longer_receipt_is_a_longer_page(self) -> None:
        def height(told: dict[str, Any]) -> float:
            return float(re.findall(rb"/MediaBox \[ ?0 0 [0-9.]+ ([0-9.]+)", paper(told, "en"))[0])

        assert height(receipt("Soup " * 50)) > height(receipt())

    def test_it_carries_its_font_and_runs_nothing(self) -> None:
        written = paper(receipt(), "en")
        assert b"/FontFile2" in written
        assert not re.search(rb"/(JavaScript|JS|OpenAction|Launch|URI)\b", written)

    def test_a_line_is_never_wider_than_the_paper(self) -> None:
        from ordering_platform.payment.receipts import paper as room  # noqa: PLC0415  its inside is looked at
        from ordering_platform.payment.receipts.layout import Row  # noqa: PLC0415  as above

        font = room._font()
        for name in ODD:
            for line in room._lines(Row(name, "1234.50"), font):
                width = font.stringWidth(line.left, 9) + (font.stringWidth(line.right, 9) if line.right else 0)
                assert width <= room._WIDTH - 2 * room._MARGIN


def test_a_pdf_carries_only_the_letters_it_needs() -> None:
    assert len(paper(receipt(), "en")) < 60_000
