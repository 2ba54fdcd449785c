"""Receipts: numbers without gaps, each printed once, and the text stays as it was."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from ordering_platform.payment import models, paying, schemas
from ordering_platform.payment.errors import ReceiptNotFound
from ordering_platform.payment.receipts import issuing, showing
from ordering_platform.runtime.errors import DomainError
from tests.payment.conftest import KEY, Restaurant, at_once
from tests.payment.fakes import line
from tests.payment.refund_checks import eur, send_notice
from tests.support.statements import watched

if TYPE_CHECKING:
    from collections.abc import Sequence


def paid(restaurant: Restaurant, number: int = 1, **fields: Any) -> list[str]:
    """Pay this many orders, each on its own, and give the ids of the bills."""
    found = []
    for place in range(number):
        restaurant.orders.add(f"ord_{place}")
        restaurant.check_out(order_ids=[f"ord_{place}"], **fields)
        found.append(str(restaurant.bill["id"]))
    return found


def numbers(restaurant: Restaurant) -> list[int]:
    return sorted(receipt["number"] for receipt in restaurant.rows(models.receipts))


def shown(restaurant: Restaurant, **change: Any) -> dict[str, Any]:
    """Show the receipt of the newest bill under its link."""
    bill = {**restaurant.bill, **change}
    return showing.behind(restaurant.till, f"{bill['id']}-{bill['receipt_secret']}")


def complete_at(restaurant: Restaurant, moment: datetime) -> None:
    restaurant.execute(sa.update(models.bills).values(completed_at=moment))


class TestNumbers:
    def test_twenty_bills_at_once_have_the_numbers_from_1_to_20(self, restaurant: Restaurant) -> None:
        bills = paid(restaurant, 20)
        at_once(20, lambda place: issuing.issue_for(restaurant.till, bills[place]))
        assert numbers(restaurant) == list(range(1, 21))

    def test_twenty_who_ask_for_one_receipt_at_once_see_one(self, restaurant: Restaurant) -> None:
        paid(restaurant)
        told = at_once(20, lambda _: shown(restaurant))
        assert {one["number"] for one in told} == {f"{restaurant.rows(models.receipts)[0]['business_date']}-0001"}

    def test_sweepers_of_several_replicas_share_the_work(self, restaurant: Restaurant) -> None:
        paid(restaurant, 20)
        assert sum(at_once(5, lambda _: issuing.issue_due(restaurant.till))) == 20
        assert numbers(restaurant) == list(range(1, 21))
        assert restaurant.rows(models.receipts_due) == []

    def test_a_print_that_is_rolled_back_leaves_no_gap(self, restaurant: Restaurant) -> None:
        first, second = paid(restaurant, 2)

        def breaks() -> None:
            with restaurant.till.db.transaction() as tx:
                tx.execute(issuing._OF_BILL, {"bill_id": first})
                assert tx.execute(sa.select(models.receipts.c.number)).scalars().all() == [1]
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            breaks()
        assert (numbers(restaurant), len(restaurant.rows(models.receipts_due))) == ([], 2)
        issuing.issue_for(restaurant.till, second)
        issuing.issue_for(restaurant.till, first)
        assert numbers(restaurant) == [1, 2]

    def test_a_batch_is_numbered_in_the_order_things_were_paid(self, restaurant: Restaurant) -> None:
        bills = paid(restaurant, 5)
        issuing.issue_due(restaurant.till)
        by_number = sorted(restaurant.rows(models.receipts), key=lambda one: one["number"])
        assert [one["bill_id"] for one in by_number] == bills

    def test_each_venue_and_each_day_counts_for_itself(self, restaurant: Restaurant) -> None:
        first, second, third = paid(restaurant, 3)
        bills = models.bills
        restaurant.execute(sa.update(bills).where(bills.c.id == second).values(venue_id="ven_2"))
        yesterday = bills.c.completed_at - sa.text("interval '1 day'")
        restaurant.execute(sa.update(bills).where(bills.c.id == third).values(completed_at=yesterday))
        assert issuing.issue_due(restaurant.till, "ven_2") == 1
        assert issuing.issue_due(restaurant.till) == 2
        assert numbers(restaurant) == [1, 1, 1]
        assert first != second

    def test_more_than_one_batch_is_printed_in_one_sweep(
        self, restaurant: Restaurant, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(issuing, "AT_ONCE", 2)
        monkeypatch.setattr(issuing, "_ANY", issuing._issue("true", "SKIP LOCKED"))
        paid(restaurant, 5)
        assert issuing.issue_due(restaurant.till) == 5

    def test_a_quiet_sweep_costs_two_statements(self, restaurant: Restaurant) -> None:
        paid(restaurant)
        issuing.issue_due(restaurant.till)
        with watched(restaurant.till.db.engine) as sent:
            assert issuing.issue_due(restaurant.till) == 0
        assert len(sent) == 2

    def test_the_database_refuses_to_change_what_was_printed(self, restaurant: Restaurant) -> None:
        paid(restaurant)
        issuing.issue_due(restaurant.till)
        for change in (sa.update(models.receipts).values(number=7), sa.delete(models.receipts)):
            with pytest.raises(sa.exc.ProgrammingError, match="only ever added"):
                restaurant.execute(change)


class TestBusinessDay:
    @pytest.mark.parametrize(
        ("moment", "day"),
        [
            ("2026-11-24T02:59:59Z", "2026-11-23"),  # 03:59:59 in Berlin, and the day closes at four
            ("2026-11-24T03:00:00Z", "2026-11-24"),
            ("2026-11-23T23:30:00Z", "2026-11-23"),
            ("2026-03-29T01:59:59Z", "2026-03-28"),  # the night of 23 hours: 03:59:59 comes one hour earlier
            ("2026-03-29T02:00:00Z", "2026-03-29"),
            ("2026-10-25T02:59:59Z", "2026-10-24"),  # the night of 25 hours
            ("2026-10-25T03:00:00Z", "2026-10-25"),
        ],
    )
    def test_what_is_paid_before_the_close_belongs_to_the_day_before(
        self, restaurant: Restaurant, moment: str, day: str
    ) -> None:
        paid(restaurant)
        complete_at(restaurant, datetime.fromisoformat(moment))
        issuing.issue_due(restaurant.till)
        assert restaurant.rows(models.receipts)[0]["business_date"] == date.fromisoformat(day)

    def test_the_day_is_that_of_the_venue(self, restaurant: Restaurant) -> None:
        restaurant.orders.venue |= {"time_zone": "Pacific/Auckland", "business_day_close": 0}
        paid(restaurant)
        complete_at(restaurant, datetime(2026, 11, 23, 11, 0, tzinfo=UTC))
        assert shown(restaurant)["number"] == "2026-11-24-0001"


class TestLink:
    def test_a_paid_bill_gives_its_link_and_the_link_the_receipt(self, restaurant: Restaurant) -> None:
        restaurant.check_out()
        bill = restaurant.bill
        assert len(bill["receipt_secret"]) * 5 >= 128
        assert shown(restaurant)["bill_id"] == bill["id"]

    def test_a_repeat_of_the_checkout_gives_the_same_link(self, restaurant: Restaurant) -> None:
        first, second = restaurant.check_out(KEY), restaurant.check_out(KEY)
        assert first.body == second.body
        assert b'"receipt_url":"/v1/receipts/bil_' in bytes(first.body)  # type: ignore[arg-type]  # it does not stream

    @pytest.mark.parametrize(
        "token",
        [
            "",
            "-",
            "bil_1",
            "bil_1-",
            "bil_1-x",
            "{id}",
            "{id}-",
            "{id}-{other}",
            "{id}-{secret}x",
            "ä-{secret}",
            "x" * 500,
        ],
    )
    def test_any_other_address_is_not_found(self, restaurant: Restaurant, token: str) -> None:
        restaurant.check_out()
        bill = restaurant.bill
        with pytest.raises(ReceiptNotFound):
            showing.behind(restaurant.till, token.format(id=bill["id"], secret=bill["receipt_secret"], other="0" * 26))

    def test_there_is_none_before_the_bill_is_paid(self, restaurant: Restaurant) -> None:
        restaurant.check_out(method="cash", card=None)
        with pytest.raises(ReceiptNotFound):
            shown(restaurant)

    def test_there_is_none_for_a_rehearsal(self, restaurant: Restaurant) -> None:
        restaurant.orders.add("ord_1", rehearsal=True)
        reply = restaurant.check_out()
        assert b'"receipt_url":null' in bytes(reply.body)  # type: ignore[arg-type]  # it does not stream
        assert issuing.issue_due(restaurant.till) == 0
        with pytest.raises(ReceiptNotFound):
            shown(restaurant)

    def test_a_receipt_that_is_printed_costs_two_statements(self, restaurant: Restaurant) -> None:
        restaurant.check_out()
        shown(restaurant)
        bill = restaurant.bill
        with watched(restaurant.till.db.engine) as sent:
            showing.behind(restaurant.till, f"{bill['id']}-{bill['receipt_secret']}")
        assert len(sent) == 2


class TestText:
    def test_everything_a_guest_and_a_tax_office_want(self, restaurant: Restaurant) -> None:
        lines = [
            line("soup", 1190, options=[{"name": "Bread", "price_minor": 90}]),
            line("beer", 1070, 2, tax_ppm=70_000),
        ]
        restaurant.orders.add("ord_1", *lines)
        restaurant.check_out(code="TEN", tip=eur(100))
        told = shown(restaurant)
        assert told["venue"] == {
            "name": "At the Corner",
            "address": "1 Market Street",
            "tax_number": "DE123456789",
            "time_zone": "Europe/Berlin",
        }
        assert (told["table"], told["currency"], told["kind"]) == ("Table 1", "EUR", "sale")
        assert [(one["quantity"], one["name"], one["gross"]) for one in told["lines"]] == [
            (1, "soup", eur(1190)),
            (2, "beer", eur(1070)),
        ]
        assert told["lines"][0]["options"] == [{"name": "Bread", "price": eur(90)}]
        assert told["discounts"] == [{"promotion_id": "prm_ten", "name": "TEN", "code": "TEN", "amount": eur(226)}]
        assert [(one["rate_ppm"], one["net"], one["tax"]) for one in told["tax_lines"]] == [
            (70_000, eur(900), eur(63)),
            (190_000, eur(900), eur(171)),
        ]
        assert (told["subtotal"], told["tip"], told["rounding"], told["total"]) == (
            eur(2260),
            eur(100),
            eur(0),
            eur(2134),
        )
        (payment,) = told["payments"]
        assert (payment["method"], payment["amount"], payment["total"]) == ("sandbox", eur(2034), eur(2134))
        assert payment["paid_at"] == restaurant.payment["captured_at"]

    def test_it_stays_as_it_was_when_the_venue_and_its_menu_change(self, restaurant: Restaurant) -> None:
        restaurant.check_out()
        before = shown(restaurant)
        restaurant.orders.venue |= {"name": "Under new management"}
        restaurant.orders.orders["ord_1"]["lines"][0] |= {"name": "consommé", "gross_minor": 9900}
        restaurant.execute(sa.update(models.bills).values(quote=None, venue=None, table_name="Window"))
        assert shown(restaurant) == before

    def test_payments_of_several_guests_make_the_total_with_their_tips(self, restaurant: Restaurant) -> None:
        restaurant.split(3334, 3333, 3333, gross=10_000)
        told = shown(restaurant)
        assert [one["amount"] for one in told["payments"]] == [eur(3334), eur(3333), eur(3333)]
        assert told["total"] == eur(10_000)

    def test_coins_round_the_total_and_not_the_bill(self, restaurant: Restaurant) -> None:
        restaurant.orders.venue |= {"cash_step_minor": 5}
        restaurant.orders.add("ord_1", line("soup", 1002))
        restaurant.check_out(method="cash", card=None)
        restaurant.confirm()
        told = shown(restaurant)
        assert (told["subtotal"], told["rounding"], told["total"]) == (eur(1002), eur(-2), eur(1000))

    def test_a_bill_of_nothing_has_a_receipt_of_nothing(self, restaurant: Restaurant) -> None:
        restaurant.check_out(code="FREE")
        assert shown(restaurant)["total"] == eur(0)


def returned(restaurant: Restaurant) -> None:
    """Let a bank send the money of the newest refund back to us."""
    restaurant.execute(sa.update(models.sandbox_refunds).values(settles_at=sa.func.now()))
    send_notice(restaurant, restaurant.rows(models.refunds)[-1]["id"])
    assert restaurant.rows(models.refunds)[-1]["status"] == "failed"


def credits_of(restaurant: Restaurant) -> Sequence[dict[str, Any]]:
    issuing.issue_due(restaurant.till)
    found: Sequence[dict[str, Any]] = shown(restaurant)["credits"]
    return found


class TestRefunds:
    def test_a_refund_has_a_number_of_its_own_and_names_the_first(self, restaurant: Restaurant) -> None:
        restaurant.check_out(tip=eur(100))
        first = shown(restaurant)["number"]
        restaurant.give_back()
        (credit,) = credits_of(restaurant)
        assert (credit["original"], credit["number"]) == (first, first[:-1] + "2")
        assert (credit["kind"], credit["total"], credit["tip"], credit["tax"]) == (
            "credit",
            eur(1100),
            eur(100),
            eur(160),
        )

    def test_the_bill_is_numbered_before_its_refund(self, restaurant: Restaurant) -> None:
        restaurant.check_out()
        restaurant.give_back()
        restaurant.execute(sa.delete(models.receipts_due).where(models.receipts_due.c.id == restaurant.bill["id"]))
        assert issuing.issue_due(restaurant.till) == 0
        restaurant.execute(sa.insert(models.receipts_due).values(id=restaurant.bill["id"]))
        assert issuing.issue_due(restaurant.till) == 2
        assert [one["number"][-4:] for one in credits_of(restaurant)] == ["0002"]

    def test_dishes_give_back_the_tax_of_their_own_rates(self, restaurant: Restaurant) -> None:
        restaurant.orders.add("ord_1", line("soup", 1190), line("beer", 1070, tax_ppm=70_000))
        restaurant.check_out()
        restaurant.give_back(lines=[{"line_id": "ord_1_1"}])
        restaurant.give_back()
        beer, rest = credits_of(restaurant)
        assert [(one["name"], one["amount"]) for one in beer["lines"]] == [("beer", eur(1070))]
        assert beer["tax_lines"] == [{"rate_ppm": 70_000, "net": eur(1000), "tax": eur(70)}]
        assert rest["tax_lines"] == [{"rate_ppm": 190_000, "net": eur(1000), "tax": eur(190)}]

    def test_a_refund_a_bank_returns_is_taken_back_by_a_receipt(self, restaurant: Restaurant) -> None:
        restaurant.check_out(card={"token": "tok_refund_fails_later"})
        restaurant.give_back()
        issuing.issue_due(restaurant.till)
        returned(restaurant)
        restaurant.give_back()
        credit, reversal, again = credits_of(restaurant)
        assert [one["kind"] for one in (credit, reversal, again)] == ["credit", "reversal", "credit"]
        assert credit["total"] == reversal["total"] == again["total"] == eur(1000)
        assert credit["tax"] == reversal["tax"] == again["tax"] == eur(160)
        assert [one["number"][-4:] for one in (credit, reversal, again)] == ["0002", "0003", "0004"]

    def test_a_refund_that_failed_before_it_was_printed_leaves_no_trace(self, restaurant: Restaurant) -> None:
        restaurant.check_out(card={"token": "tok_refund_fails_later"})
        restaurant.give_back()
        returned(restaurant)
        assert credits_of(restaurant) == []
        assert restaurant.rows(models.receipts_due) == []

    def test_a_payment_that_left_the_bill_while_it_was_open_is_on_no_receipt(self, restaurant: Restaurant) -> None:
        first, *_ = restaurant.split(400, gross=1000)
        restaurant.give_back(payment_id=first)
        request = restaurant.request({"method": "sandbox", "card": {"token": "tok_approve"}}, schema=schemas.NewPayment)
        paying.pay(restaurant.till, request, restaurant.bill["id"])
        told = shown(restaurant)
        assert ([one["amount"] for one in told["payments"]], told["total"]) == ([eur(1000)], eur(1000))
        assert told["credits"] == []
        assert restaurant.rows(models.receipts_due) == []

    def test_many_refunds_at_once_give_back_each_cent_of_tax_once(self, restaurant: Restaurant) -> None:
        restaurant.orders.add("ord_1", line("soup", 999), line("beer", 501, tax_ppm=70_000))
        restaurant.check_out()
        tax = restaurant.bill["quote"]["tax"]["amount"]
        made = at_once(10, lambda _: restaurant.give_back(amount=eur(150)))
        assert not [one for one in made if isinstance(one, DomainError)]
        at_once(4, lambda _: issuing.issue_due(restaurant.till))
        told = credits_of(restaurant)
        assert (len(told), sum(one["tax"]["amount"] for one in told)) == (10, tax)
        assert numbers(restaurant) == list(range(1, 12))
