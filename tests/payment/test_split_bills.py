"""One bill, many payers: parts are held by one payment each, whoever comes at once, and given back when it fails."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ordering_platform.payment import bills, checkout, counter, models, paying, reading, runs, saga, schemas, states
from ordering_platform.runtime.errors import DomainError, ServiceUnavailable, ValidationFailed
from ordering_platform.runtime.identity import Caller
from tests.payment.conftest import CASHIER, GUEST, Restaurant, at_once
from tests.payment.fakes import line
from tests.support.statements import watched

if TYPE_CHECKING:
    from ordering_platform.runtime.replies import Reply

DISHES = (line("pizza", 1200), line("wine", 2500), line("cake", 701), line("water", 0))
PIZZA, WINE, CAKE, WATER = (f"ord_1_{place}" for place in range(len(DISHES)))
TOTAL = 4401


def euros(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "EUR"}


def guest(number: int) -> Caller:
    return Caller("guest", id=f"gst_{number}", venue="ven_1", session="ses_1", table="tbl_1")


def open_bill(restaurant: Restaurant, *order_ids: str) -> str:
    asked = restaurant.request({"order_ids": list(order_ids)}, schema=schemas.NewBill, path="/v1/bills")
    reply = checkout.open_bill(restaurant.till, asked)
    assert isinstance(reply.body, bytes)
    return str(json.loads(reply.body)["id"])


@pytest.fixture
def bill_id(restaurant: Restaurant) -> str:
    """Give a bill of pizza, wine, cake and a water on the house."""
    restaurant.orders.add("ord_1", *DISHES)
    return open_bill(restaurant, "ord_1")


def pay(
    restaurant: Restaurant, bill_id: str, key: str | None = None, *, caller: Caller = GUEST, **fields: Any
) -> dict[str, Any]:
    sent = {"method": "sandbox", **fields}
    if sent["method"] == "sandbox":
        sent.setdefault("card", {"token": "tok_approve"})
    path = f"/v1/bills/{bill_id}/payments"
    asked = restaurant.request(
        sent, key=key, caller=caller, schema=schemas.NewPayment, path=path, route="/v1/bills/<bill_id>/payments"
    )
    reply = paying.pay(restaurant.till, asked, bill_id)
    return told(reply)


def told(reply: Reply) -> dict[str, Any]:
    assert isinstance(reply.body, bytes)
    return dict(json.loads(reply.body))


def refused(restaurant: Restaurant, bill_id: str, **fields: Any) -> DomainError:
    with pytest.raises(DomainError) as caught:
        pay(restaurant, bill_id, **fields)
    return caught.value


def seen(restaurant: Restaurant, bill_id: str) -> dict[str, Any]:
    return reading.show_bill(restaurant.till, GUEST, bill_id)


def driver(restaurant: Restaurant, bill_id: str) -> runs.Run:
    """Drive the bill as a sweeper does, up to where it has read it."""
    with restaurant.till.db.single() as tx:
        taken = bills.take(tx, bill_id, "run_slow", 7.0)
    assert taken is not None
    return runs.Run(restaurant.till, taken, "run_slow", "sweeper")


def holders(shares: list[dict[str, Any]]) -> list[tuple[int, int, int, str | None]]:
    return [(one["part"], one["of"], one["amount"]["amount"], one["status"]) for one in shares]


def exact(restaurant: Restaurant) -> None:
    """What must hold at any time: never more than the bill, and what is booked is what was charged."""
    for bill in restaurant.rows(models.bills):
        assert bill["paid_minor"] + bill["pending_minor"] <= bill["total_minor"]
        mine = [one for one in restaurant.rows(models.payments) if one["bill_id"] == bill["id"]]
        assert sum(one["amount_minor"] for one in mine if one["status"] == "captured") == bill["paid_minor"]
        pending = sum(one["amount_minor"] for one in mine if one["status"] in states.PAYMENT_PENDING)
        assert pending == bill["pending_minor"]
    holding = {one["id"] for one in restaurant.rows(models.payments) if one["status"] != "failed"}
    assert {one["payment_id"] for one in restaurant.rows(models.bill_shares)} <= holding


class TestEqualParts:
    def test_three_pay_a_third_each_to_the_cent(self, restaurant: Restaurant) -> None:
        restaurant.orders.add("ord_1", line(gross=10_000))
        bill_id = open_bill(restaurant, "ord_1")
        paid = [pay(restaurant, bill_id, caller=guest(number), equal={"parts": 3}) for number in range(3)]
        assert [one["amount"]["amount"] for one in paid] == [3334, 3333, 3333]
        assert (restaurant.bill["status"], restaurant.orders.is_paid()) == ("completed", True)
        exact(restaurant)

    def test_seven_share_one_euro(self, restaurant: Restaurant) -> None:
        restaurant.orders.add("ord_1", line(gross=100))
        bill_id = open_bill(restaurant, "ord_1")
        paid = [pay(restaurant, bill_id, equal={"parts": 7})["amount"]["amount"] for _ in range(7)]
        assert paid == [15, 15, 14, 14, 14, 14, 14]
        assert restaurant.bill["status"] == "completed"

    def test_one_may_treat_another(self, restaurant: Restaurant, bill_id: str) -> None:
        assert pay(restaurant, bill_id, equal={"parts": 3, "take": 2})["amount"] == euros(2934)
        late = refused(restaurant, bill_id, equal={"parts": 3, "take": 2})
        assert (late.status, late.code, late.details) == (409, "share_taken", {"free": ["3/3"]})
        assert pay(restaurant, bill_id, equal={"parts": 3})["amount"] == euros(1467)

    def test_what_was_paid_before_is_not_shared(self, restaurant: Restaurant, bill_id: str) -> None:
        pay(restaurant, bill_id, amount=euros(4000))
        assert [pay(restaurant, bill_id, equal={"parts": 2})["amount"]["amount"] for _ in range(2)] == [201, 200]
        assert restaurant.bill["status"] == "completed"

    def test_the_bill_shows_who_holds_what(self, restaurant: Restaurant, bill_id: str) -> None:
        mine = pay(restaurant, bill_id, equal={"parts": 3})
        pay(restaurant, bill_id, method="cash", equal={"parts": 3})
        split = seen(restaurant, bill_id)["split"]
        assert split["kind"] == "equal"
        assert holders(split["shares"]) == [(1, 3, 1467, "captured"), (2, 3, 1467, "processing"), (3, 3, 1467, None)]
        assert split["shares"][0]["payment_id"] == mine["id"]
        assert reading.list_bills(restaurant.till, GUEST, {"limit": 5})["data"][0]["split"] == split

    @pytest.mark.parametrize(
        ("fields", "code"),
        [
            ({"equal": {"parts": 2}}, "split_differs"),
            ({"lines": [{"line_id": PIZZA}]}, "split_differs"),
            ({"amount": {"amount": 100, "currency": "EUR"}}, "split_differs"),
            ({"amount": {"amount": 2935, "currency": "EUR"}}, "amount_over_due"),
        ],
    )
    def test_another_way_does_not_fit_any_more(
        self, restaurant: Restaurant, bill_id: str, fields: dict[str, Any], code: str
    ) -> None:
        pay(restaurant, bill_id, equal={"parts": 3})
        assert refused(restaurant, bill_id, **fields).code == code
        assert len(restaurant.rows(models.payments)) == 1
        exact(restaurant)

    def test_whoever_stays_pays_all_that_is_left(self, restaurant: Restaurant, bill_id: str) -> None:
        pay(restaurant, bill_id, equal={"parts": 4})
        rest = pay(restaurant, bill_id)
        assert rest["amount"] == euros(TOTAL - 1101)
        shares = seen(restaurant, bill_id)["split"]["shares"]
        assert [one["payment_id"] for one in shares[1:]] == [rest["id"]] * 3
        assert restaurant.bill["status"] == "completed"


class TestLines:
    def test_everybody_pays_their_own(self, restaurant: Restaurant, bill_id: str) -> None:
        assert pay(restaurant, bill_id, lines=[{"line_id": PIZZA}])["amount"] == euros(1200)
        half = pay(restaurant, bill_id, lines=[{"line_id": WINE, "part": 1, "of": 2}, {"line_id": CAKE}])
        assert half["amount"] == euros(1951)
        other = pay(restaurant, bill_id, lines=[{"line_id": WINE, "part": 2, "of": 2}])
        assert (other["amount"], restaurant.bill["status"]) == (euros(1250), "completed")
        exact(restaurant)

    def test_the_lines_of_a_bill_with_tax_on_top_are_the_bill(self, restaurant: Restaurant) -> None:
        restaurant.orders.add("ord_1", *(line(f"dish{number}", 333, tax_ppm=88_750) for number in range(7)))
        restaurant.orders.terms |= {"tax_included": False, "service_charge_bps": 1250}
        bill_id = open_bill(restaurant, "ord_1")
        for number in range(7):
            pay(restaurant, bill_id, lines=[{"line_id": f"ord_1_{number}"}])
        assert restaurant.bill["status"] == "completed"
        exact(restaurant)

    def test_the_bill_shows_what_each_line_costs_before_anybody_chooses(
        self, restaurant: Restaurant, bill_id: str
    ) -> None:
        split = seen(restaurant, bill_id)["split"]
        assert (split["kind"], split["shares"]) == (None, [])
        priced = [(one["line_id"], one["name"], one["amount"]["amount"]) for one in split["lines"]]
        assert priced == [(PIZZA, "pizza", 1200), (WINE, "wine", 2500), (CAKE, "cake", 701), (WATER, "water", 0)]
        assert holders(split["lines"][0]["shares"]) == [(1, 1, 1200, None)]

    def test_the_bill_shows_who_pays_which_dish(self, restaurant: Restaurant, bill_id: str) -> None:
        pay(restaurant, bill_id, lines=[{"line_id": CAKE, "part": 2, "of": 2}])
        pay(restaurant, bill_id, card={"token": "tok_3ds"}, lines=[{"line_id": PIZZA}])
        shown = seen(restaurant, bill_id)
        pizza, wine, cake, _ = (holders(one["shares"]) for one in shown["split"]["lines"])
        assert (pizza, wine) == ([(1, 1, 1200, "requires_action")], [(1, 1, 2500, None)])
        assert cake == [(1, 2, 351, None), (2, 2, 350, "captured")]
        assert (shown["split"]["kind"], shown["due"]) == ("lines", euros(TOTAL - 350 - 1200))

    @pytest.mark.parametrize(
        ("wanted", "code", "details"),
        [
            ({"line_id": CAKE, "part": 1, "of": 2}, "share_taken", {"line_id": CAKE, "free": [f"{CAKE}:2/2"]}),
            ({"line_id": CAKE, "part": 2, "of": 3}, "split_differs", {"kind": "lines", "line_id": CAKE, "of": 2}),
            ({"line_id": CAKE}, "split_differs", {"kind": "lines", "line_id": CAKE, "of": 2}),
            ({"line_id": "ord_2_0"}, "line_not_on_bill", {"line_id": "ord_2_0"}),
            ({"line_id": WATER}, "nothing_to_pay", {}),
        ],
    )
    def test_a_dish_is_paid_once(
        self, restaurant: Restaurant, bill_id: str, wanted: dict[str, Any], code: str, details: dict[str, Any]
    ) -> None:
        pay(restaurant, bill_id, lines=[{"line_id": CAKE, "part": 1, "of": 2}])
        refusal = refused(restaurant, bill_id, lines=[wanted])
        assert (refusal.code, refusal.details) == (code, details)
        assert len(restaurant.rows(models.payments)) == 1
        exact(restaurant)

    def test_a_line_that_costs_more_than_what_is_left_is_not_charged(
        self, restaurant: Restaurant, bill_id: str
    ) -> None:
        pay(restaurant, bill_id, amount=euros(2000))
        refusal = refused(restaurant, bill_id, lines=[{"line_id": WINE}])
        assert (refusal.code, refusal.details) == ("amount_over_due", {"due": euros(2401)})
        pay(restaurant, bill_id, lines=[{"line_id": PIZZA}])
        assert pay(restaurant, bill_id)["amount"] == euros(1201)
        assert restaurant.bill["status"] == "completed"


class TestGivingBack:
    @pytest.mark.parametrize(
        "choice", [{"equal": {"parts": 2}}, {"lines": [{"line_id": PIZZA}, {"line_id": CAKE, "part": 1, "of": 2}]}]
    )
    def test_a_decline_frees_its_parts(self, restaurant: Restaurant, bill_id: str, choice: dict[str, Any]) -> None:
        assert refused(restaurant, bill_id, card={"token": "tok_decline"}, **choice).code == "payment_declined"
        assert restaurant.rows(models.bill_shares) == []
        assert seen(restaurant, bill_id)["split"]["kind"] is None
        pay(restaurant, bill_id, equal={"parts": 3})
        exact(restaurant)

    def test_a_decline_frees_its_own_parts_only(self, restaurant: Restaurant, bill_id: str) -> None:
        pay(restaurant, bill_id, equal={"parts": 3})
        refused(restaurant, bill_id, card={"token": "tok_decline"}, equal={"parts": 3})
        assert [one["part"] for one in restaurant.rows(models.bill_shares)] == ["1/3"]
        assert refused(restaurant, bill_id, equal={"parts": 2}).code == "split_differs"

    def test_a_card_holder_who_never_answers_gives_back(self, restaurant: Restaurant, bill_id: str) -> None:
        pay(restaurant, bill_id, lines=[{"line_id": PIZZA}])
        pay(restaurant, bill_id, card={"token": "tok_3ds"}, lines=[{"line_id": WINE}])
        assert refused(restaurant, bill_id, lines=[{"line_id": WINE}]).code == "share_taken"
        restaurant.age(700)
        restaurant.sweep()
        assert pay(restaurant, bill_id, lines=[{"line_id": WINE}])["status"] == "captured"
        exact(restaurant)

    def test_cancelling_the_bill_gives_everything_back(self, restaurant: Restaurant, bill_id: str) -> None:
        for _ in range(2):
            pay(restaurant, bill_id, method="cash", equal={"parts": 3})
        counter.cancel(restaurant.till, CASHIER, bill_id)
        assert (restaurant.bill["status"], restaurant.rows(models.bill_shares)) == ("failed", [])
        assert restaurant.orders.is_free()

    def test_who_has_changed_their_mind_gives_back(self, restaurant: Restaurant, bill_id: str) -> None:
        pay(restaurant, bill_id, lines=[{"line_id": PIZZA}])
        waiting = pay(restaurant, bill_id, card={"token": "tok_3ds"}, lines=[{"line_id": WINE}])
        for _ in range(2):
            assert (
                counter.cancel_payment(restaurant.till, GUEST, waiting["id"])["failure"]["code"] == "payment_cancelled"
            )
        assert [one["payment_id"] for one in restaurant.rows(models.bill_shares)] != [waiting["id"]]
        assert pay(restaurant, bill_id, caller=guest(2), lines=[{"line_id": WINE}])["status"] == "captured"
        exact(restaurant)

    def test_cash_nobody_brought_is_given_back_by_staff(self, restaurant: Restaurant, bill_id: str) -> None:
        pay(restaurant, bill_id, equal={"parts": 2})
        cash = pay(restaurant, bill_id, method="cash", equal={"parts": 2})
        assert self.kept(restaurant, GUEST, cash["id"]) == "counter_payment_pending"
        counter.cancel_payment(restaurant.till, CASHIER, cash["id"])
        assert pay(restaurant, bill_id, equal={"parts": 2})["amount"] == euros(2200)
        assert restaurant.bill["status"] == "completed"

    def test_what_is_paid_held_or_another_guests_is_not_cancelled(self, restaurant: Restaurant, bill_id: str) -> None:
        done = pay(restaurant, bill_id, equal={"parts": 3})
        held = pay(restaurant, bill_id, capture="later", equal={"parts": 3})
        theirs = pay(restaurant, bill_id, caller=guest(2), card={"token": "tok_3ds"}, equal={"parts": 3})
        assert self.kept(restaurant, GUEST, done["id"]) == "payment_not_pending"
        assert self.kept(restaurant, CASHIER, held["id"]) == "held_payment_pending"
        assert self.kept(restaurant, GUEST, theirs["id"]) == "payment_of_another"
        assert (
            self.kept(restaurant, Caller("guest", "gst_9", "ven_1", session="ses_9"), done["id"]) == "payment_not_found"
        )

    def kept(self, restaurant: Restaurant, caller: Caller, payment_id: str) -> str:
        with pytest.raises(DomainError) as caught:
            counter.cancel_payment(restaurant.till, caller, payment_id)
        assert len(restaurant.rows(models.bill_shares)) in {2, 3}
        return caught.value.code

    def test_confirming_and_cancelling_at_once_is_one_of_both(self, restaurant: Restaurant, bill_id: str) -> None:
        for turn in range(4):
            cash = pay(restaurant, bill_id, method="cash", amount=euros(100))
            verbs = (counter.confirm, counter.cancel_payment)
            answers = at_once(2, lambda n: verbs[(n + turn) % 2](restaurant.till, CASHIER, cash["id"]))  # noqa: B023  ends before the next turn
            codes = sorted(getattr(one, "code", "done") for one in answers)
            assert codes == ["done", "payment_not_pending"]
            exact(restaurant)

    def test_a_bill_is_not_turned_back_while_money_is_on_its_way(self, restaurant: Restaurant, bill_id: str) -> None:
        """Whoever found nothing pending a moment ago must not give up a bill somebody has begun to pay since."""
        restaurant.make_due()
        with restaurant.till.db.single() as tx:
            stale = bills.take_due(tx, "run_slow", 7.0)
        assert stale is not None
        pay(restaurant, bill_id, method="cash", equal={"parts": 3})
        with pytest.raises(bills.LeaseLost), restaurant.till.db.single() as tx:
            bills.write(tx, stale, "run_slow", status="compensating")


class TestBadInput:
    @pytest.mark.parametrize(
        ("fields", "pointer", "code"),
        [
            ({"equal": {"parts": 0}}, "/equal/parts", "range"),
            ({"equal": {"parts": 1}}, "/equal/parts", "range"),
            ({"equal": {"parts": 1001}}, "/equal/parts", "range"),
            ({"equal": {"parts": 2.0}}, "/equal/parts", "wrong_type"),
            ({"equal": {}}, "/equal/parts", "missing"),
            ({"equal": {"parts": 3, "take": 0}}, "/equal/take", "range"),
            ({"equal": {"parts": 3, "take": 4}}, "/equal/take", "range"),
            ({"lines": []}, "/lines", "length"),
            ({"lines": [{"line_id": PIZZA}] * 501}, "/lines", "length"),
            ({"lines": [{"line_id": PIZZA}, {"line_id": PIZZA}]}, "/lines", "duplicate"),
            ({"lines": [{"line_id": PIZZA}, {"line_id": PIZZA, "part": 1, "of": 1}]}, "/lines", "duplicate"),
            ({"lines": [{"line_id": PIZZA, "part": 0, "of": 2}]}, "/lines/0/part", "range"),
            ({"lines": [{"line_id": PIZZA, "part": 3, "of": 2}]}, "/lines/0/part", "range"),
            ({"lines": [{"line_id": PIZZA, "part": 2}]}, "/lines/0/part", "range"),
            ({"lines": [{"line_id": PIZZA, "of": 101}]}, "/lines/0/of", "range"),
            ({"lines": [{"part": 1}]}, "/lines/0/line_id", "missing"),
            ({"amount": {"amount": 1, "currency": "EUR"}, "equal": {"parts": 2}}, "/equal", "choice"),
            ({"equal": {"parts": 2}, "lines": [{"line_id": PIZZA}]}, "/lines", "choice"),
            ({"amount": {"amount": -1, "currency": "EUR"}}, "/amount/amount", "range"),
            ({"tip": {"amount": -1, "currency": "EUR"}}, "/tip/amount", "range"),
            ({"tip": {"amount": 10**13, "currency": "EUR"}}, "/tip/amount", "range"),
        ],
    )
    def test_is_refused_by_name(
        self, restaurant: Restaurant, bill_id: str, fields: dict[str, Any], pointer: str, code: str
    ) -> None:
        with pytest.raises(ValidationFailed) as caught:
            pay(restaurant, bill_id, **fields)
        assert [(one.pointer, one.code) for one in caught.value.errors] == [(pointer, code)]

    @pytest.mark.parametrize(
        ("fields", "status", "code"),
        [
            ({"amount": {"amount": 0, "currency": "EUR"}}, 422, "nothing_to_pay"),
            ({"amount": {"amount": TOTAL + 1, "currency": "EUR"}}, 422, "amount_over_due"),
            ({"amount": {"amount": 1, "currency": "USD"}}, 422, "currency_mismatch"),
            ({"equal": {"parts": 2}, "tip": {"amount": 1, "currency": "USD"}}, 422, "currency_mismatch"),
            ({"equal": {"parts": 2}, "tip": {"amount": TOTAL + 1, "currency": "EUR"}}, 422, "tip_too_large"),
            ({"lines": [{"line_id": "lin_of_another_bill"}]}, 422, "line_not_on_bill"),
            (
                {"equal": {"parts": 2}, "caller": Caller("guest", "gst_9", "ven_1", session="ses_9")},
                404,
                "bill_not_found",
            ),
            ({"equal": {"parts": 2}, "caller": Caller("staff", "usr_9", "ven_9")}, 404, "bill_not_found"),
        ],
    )
    def test_takes_nothing(
        self, restaurant: Restaurant, bill_id: str, fields: dict[str, Any], status: int, code: str
    ) -> None:
        refusal = refused(restaurant, bill_id, **fields)
        assert (refusal.status, refusal.code) == (status, code)
        assert (restaurant.rows(models.payments), restaurant.rows(models.bill_shares)) == ([], [])
        assert (restaurant.bill["pending_minor"], restaurant.bill["split"]) == (0, None)


class TestAtOnce:
    def paid(self, restaurant: Restaurant, bill_id: str, answers: list[Any]) -> list[int]:
        """Check the books after a rush and give the amounts of those who have paid."""
        exact(restaurant)
        taken = [one["amount"]["amount"] for one in answers if isinstance(one, dict)]
        assert sum(one["captured_minor"] for one in restaurant.charged) == sum(taken)
        assert seen(restaurant, bill_id)["paid"]["amount"] == sum(taken)
        return taken

    def test_twenty_pay_a_twentieth_each(self, restaurant: Restaurant, bill_id: str) -> None:
        answers = at_once(20, lambda n: pay(restaurant, bill_id, caller=guest(n), equal={"parts": 20}))
        assert all(isinstance(one, dict) for one in answers), answers
        assert sorted(self.paid(restaurant, bill_id, answers), reverse=True) == [221] + [220] * 19
        restaurant.make_due()
        restaurant.sweep()
        assert (restaurant.bill["status"], restaurant.orders.is_paid()) == ("completed", True)

    def test_of_twenty_who_want_one_of_three_parts_three_pay(self, restaurant: Restaurant, bill_id: str) -> None:
        answers = at_once(20, lambda n: pay(restaurant, bill_id, caller=guest(n), equal={"parts": 3}))
        assert sorted(self.paid(restaurant, bill_id, answers)) == [1467] * 3
        refusals = [one for one in answers if isinstance(one, DomainError)]
        assert {one.code for one in refusals} <= {"nothing_due", "bill_closed"}
        assert {one.status for one in refusals} == {409}

    def test_the_same_dish_is_paid_by_one_of_twenty(self, restaurant: Restaurant, bill_id: str) -> None:
        answers = at_once(20, lambda n: pay(restaurant, bill_id, caller=guest(n), lines=[{"line_id": WINE}]))
        assert self.paid(restaurant, bill_id, answers) == [2500]
        assert {one.code for one in answers if isinstance(one, DomainError)} == {"share_taken"}

    def test_a_dish_is_shared_by_as_many_as_the_first_one_says(self, restaurant: Restaurant, bill_id: str) -> None:
        def share(number: int) -> dict[str, Any]:
            part = {"line_id": WINE, "part": 1 + number // 2 % 2, "of": 2 + number % 2}
            return pay(restaurant, bill_id, caller=guest(number), lines=[part])

        answers = at_once(20, share)
        assert self.paid(restaurant, bill_id, answers) in ([1250, 1250], [834, 833], [833, 834])
        assert len({one["part"].partition("/")[2] for one in restaurant.rows(models.bill_shares)}) == 1
        assert {one.code for one in answers if isinstance(one, DomainError)} == {"share_taken", "split_differs"}

    def test_twenty_pay_whatever_they_like(self, restaurant: Restaurant, bill_id: str) -> None:
        wishes: list[dict[str, Any]] = [
            {"equal": {"parts": 5}},
            {"lines": [{"line_id": PIZZA}]},
            {"amount": euros(900)},
            {"lines": [{"line_id": CAKE, "part": 1, "of": 3}, {"line_id": PIZZA}]},
            {"card": {"token": "tok_decline"}, "equal": {"parts": 4}},
        ]
        answers = at_once(20, lambda n: pay(restaurant, bill_id, caller=guest(n), **wishes[n % 5], tip=euros(n)))
        exact(restaurant)
        codes = {one.code for one in answers if isinstance(one, DomainError)}
        assert codes <= {
            "split_differs",
            "share_taken",
            "nothing_due",
            "amount_over_due",
            "bill_closed",
            "payment_declined",
        }
        if seen(restaurant, bill_id)["due"]["amount"]:
            pay(restaurant, bill_id)
        restaurant.make_due()
        restaurant.sweep()
        assert (restaurant.bill["status"], restaurant.bill["paid_minor"]) == ("completed", TOTAL)

    @pytest.mark.parametrize("choice", [{"amount": {"amount": 3333, "currency": "EUR"}}, {"equal": {"parts": 3}}, {}])
    def test_of_two_who_want_the_last_third_one_pays(self, restaurant: Restaurant, choice: dict[str, Any]) -> None:
        restaurant.orders.add("ord_1", line(gross=10_000))
        bill_id = open_bill(restaurant, "ord_1")
        for amount in (3334, 3333):
            pay(restaurant, bill_id, **(choice if "equal" in choice else {"amount": euros(amount)}))
        answers = at_once(2, lambda n: pay(restaurant, bill_id, caller=guest(n), **choice))
        assert sum(isinstance(one, dict) for one in answers) == 1
        assert [one.status for one in answers if isinstance(one, DomainError)] == [409]
        assert restaurant.bill["paid_minor"] == 10_000
        exact(restaurant)

    def test_a_double_tap_takes_one_part(self, restaurant: Restaurant, bill_id: str) -> None:
        answers = at_once(20, lambda _: pay(restaurant, bill_id, "key-of-the-guest", equal={"parts": 2}))
        assert {one.code for one in answers if isinstance(one, DomainError)} <= {"idempotency_in_progress"}
        assert len(restaurant.charged) == len(restaurant.rows(models.bill_shares)) == 1
        again = pay(restaurant, bill_id, "key-of-the-guest", equal={"parts": 2})
        assert again["amount"] == euros(2201)

    def test_cash_cards_and_tips_of_several_bills_of_a_table(self, restaurant: Restaurant) -> None:
        names = [restaurant.orders.add(f"ord_{n}", line(gross=1000 + n)) for n in range(3)]
        ids = [open_bill(restaurant, names[0]), open_bill(restaurant, *names[1:])]

        def live(number: int) -> Any:
            method = {"method": "cash"} if number % 3 == 0 else {}
            return pay(restaurant, ids[number % 2], caller=guest(number), equal={"parts": 10}, tip=euros(10), **method)

        answers = at_once(20, live)
        assert all(isinstance(one, dict) for one in answers), answers
        for one in answers:
            if one["method"] == "cash":
                counter.confirm(restaurant.till, CASHIER, one["id"])
        restaurant.make_due()
        restaurant.sweep()
        assert [one["status"] for one in restaurant.rows(models.bills)] == ["completed"] * 2
        assert sum(one["captured_minor"] for one in restaurant.rows(models.payments)) == 1000 + 1001 + 1002 + 200
        assert all(restaurant.orders.is_paid(name) for name in names)
        exact(restaurant)


class TestTelling:
    def test_orders_know_that_they_are_partly_paid(self, restaurant: Restaurant, bill_id: str) -> None:
        first = pay(restaurant, bill_id, equal={"parts": 3})
        assert (restaurant.orders.is_partly_paid(), restaurant.orders.is_paid()) == (True, False)
        assert restaurant.orders.paid_by == {bill_id: [first["id"]]}
        assert restaurant.bill["told_minor"] == 1467
        assert restaurant.sweep() == 0

    def test_order_service_that_is_away_is_told_later(self, restaurant: Restaurant, bill_id: str) -> None:
        restaurant.orders.leave(ServiceUnavailable())
        assert pay(restaurant, bill_id, equal={"parts": 3})["status"] == "captured"
        assert restaurant.bill["told_minor"] == 0
        restaurant.orders.come_back()
        restaurant.make_due()
        restaurant.sweep()
        assert restaurant.orders.is_partly_paid()
        assert (restaurant.bill["told_minor"], restaurant.bill["next_run_at"]) == (1467, None)

    def test_cash_in_the_drawer_is_told_too(self, restaurant: Restaurant, bill_id: str) -> None:
        cash = pay(restaurant, bill_id, method="cash", equal={"parts": 2})
        assert not restaurant.orders.is_partly_paid()
        counter.confirm(restaurant.till, CASHIER, cash["id"])
        assert restaurant.orders.is_partly_paid()

    def test_a_part_paid_while_another_drives_the_bill_is_not_forgotten(
        self, restaurant: Restaurant, bill_id: str
    ) -> None:
        """The other driver has found nothing to tell; its rest must not be the last word."""
        slow = driver(restaurant, bill_id)
        pay(restaurant, bill_id, equal={"parts": 2})
        assert not restaurant.orders.is_partly_paid()
        runs.rest(slow, None)
        assert restaurant.bill["next_run_at"] is not None
        restaurant.make_due()
        restaurant.sweep()
        assert restaurant.orders.is_partly_paid()

    def test_the_last_part_paid_while_another_drives_the_bill_is_settled_by_that_one(
        self, restaurant: Restaurant, bill_id: str
    ) -> None:
        slow = driver(restaurant, bill_id)
        pay(restaurant, bill_id)
        assert restaurant.bill["status"] == "captured"
        saga.carry_on(slow)
        assert (restaurant.bill["status"], restaurant.orders.is_paid()) == ("completed", True)

    def test_a_part_paid_after_another_went_back_is_told(self, restaurant: Restaurant, bill_id: str) -> None:
        first = pay(restaurant, bill_id, equal={"parts": 2})
        restaurant.give_back(payment_id=first["id"])
        assert (restaurant.bill["told_minor"], restaurant.rows(models.bill_shares)) == (0, [])
        second = pay(restaurant, bill_id, caller=guest(2), equal={"parts": 2})
        assert restaurant.orders.paid_by == {bill_id: [first["id"], second["id"]]}
        restaurant.make_due()
        restaurant.sweep()
        assert restaurant.bill["told_minor"] == restaurant.bill["paid_minor"] == 2201

    def test_a_bill_paid_at_once_tells_once(self, restaurant: Restaurant, bill_id: str) -> None:
        with watched(restaurant.till.db.engine) as sent:
            pay(restaurant, bill_id)
        assert restaurant.orders.asked.count("mark_paid") == 1
        assert len(sent) == 6, sent
