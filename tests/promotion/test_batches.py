"""Codes by the batch: nobody guesses one, each is used so many times, and staff see what became of them."""

from __future__ import annotations

import csv
import io
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from ordering_platform.promotion import batches, offers, promotions, usage
from ordering_platform.promotion.errors import CodeUsedUp, NotApplicable, TooManyCodes
from ordering_platform.promotion.models import code_batches, promotion_changes
from ordering_platform.promotion.models import codes as codes_table
from tests.promotion.samples import VENUE, asked, put, written
from tests.support.crowds import at_once
from tests.support.statements import watched

if TYPE_CHECKING:
    from ordering_platform.runtime.database import Transactions
    from tests.promotion.conftest import Doors

KEY = {"Idempotency-Key": "print-run-0001"}


def made(db: Transactions, promotion_id: str, count: int = 1, **wish: Any) -> dict[str, Any]:
    with db.transaction() as tx:
        return batches.make(tx, VENUE, promotion_id, "usr_manager", {"count": count, "uses_per_code": 1, **wish})


def codes_of(db: Transactions, batch: dict[str, Any]) -> list[str]:
    with db.read() as tx:
        return list(tx.scalars(sa.select(codes_table.c.code).where(codes_table.c.batch_id == batch["id"])))


def vouchers(db: Transactions, **blocks: Any) -> str:
    return put(db, trigger="code", **blocks)


def shown(doors: Doors, promotion_id: str, batch_id: str, query: str = "") -> Any:
    return doors("manager", "GET", f"/v1/promotions/{promotion_id}/codes/batches/{batch_id}{query}").json


# Guessing


def test_a_drawn_code_has_more_than_forty_bits_and_no_sign_people_mistake() -> None:
    assert len(batches.ALPHABET) ** batches.LENGTH > 2**40
    assert not set(batches.ALPHABET) & set("01OILU")
    assert len(set(batches.ALPHABET)) == len(batches.ALPHABET)
    assert len(batches.drawn(2000)) == 2000


def test_ten_thousand_codes_are_written_by_one_statement(db: Transactions) -> None:
    voucher = vouchers(db)
    with watched(db.engine) as statements:
        batch = made(db, voucher, 10_000, prefix="summer-26")
    assert len([one for one in statements if "INTO promotions.codes" in one]) == 1
    codes = codes_of(db, batch)
    assert len(set(codes)) == 10_000
    assert all(code.startswith("SUMMER26") and len(code) == 18 for code in codes)


# Using


def test_a_code_is_used_as_often_as_it_says_and_then_never_more(db: Transactions) -> None:
    batch = made(db, vouchers(db), uses_per_code=2)
    (code,) = codes_of(db, batch)
    for bill in ("bil_1", "bil_2"):
        assert usage.apply(db, bill, asked(codes=[code.lower()]))["discount_minor"] == 100
    with pytest.raises(CodeUsedUp) as refusal:
        usage.apply(db, "bil_3", asked(codes=[code]))
    assert refusal.value.details == {"promotion_code": code}
    assert offers.evaluate(db, asked(codes=[code]))["rejected"][0]["reason"] == "code_used_up"
    with db.single() as tx:
        usage.release(tx, "bil_1")
    assert usage.apply(db, "bil_4", asked(codes=[code]))["discount_minor"] == 100


def test_each_code_of_a_batch_counts_for_itself(db: Transactions) -> None:
    batch = made(db, vouchers(db), 2)
    first, second = codes_of(db, batch)
    usage.apply(db, "bil_1", asked(codes=[first]))
    assert usage.apply(db, "bil_2", asked(codes=[second]))["discount_minor"] == 100


def test_twenty_checkouts_at_once_use_a_code_once(db: Transactions) -> None:
    batch = made(db, vouchers(db))
    (code,) = codes_of(db, batch)
    answers = at_once(partial(usage.apply, db, f"bil_{place}", asked(codes=[code])) for place in range(20))
    assert Counter(getattr(answer, "code", "applied") for answer in answers) == {"applied": 1, "code_used_up": 19}


def test_a_code_obeys_the_limits_of_its_promotion_too(db: Transactions) -> None:
    batch = made(db, vouchers(db, limits={"total": 1}), 2)
    first, second = codes_of(db, batch)
    usage.apply(db, "bil_1", asked(codes=[first]))
    with pytest.raises(NotApplicable) as refusal:
        usage.apply(db, "bil_2", asked(codes=[second]))
    assert refusal.value.code == "promotion_exhausted"


def test_of_two_codes_of_one_promotion_the_one_that_is_left_counts(db: Transactions) -> None:
    batch = made(db, vouchers(db), 2)
    gone, left = codes_of(db, batch)
    usage.apply(db, "bil_1", asked(codes=[gone]))
    quoted = offers.evaluate(db, asked(codes=[gone, left]))
    assert [one["code"] for one in quoted["applied"]] == [left]
    assert [one["code"] for one in quoted["rejected"]] == [gone]


def test_a_full_refund_makes_a_code_good_again(db: Transactions) -> None:
    batch = made(db, vouchers(db))
    (code,) = codes_of(db, batch)
    usage.apply(db, "bil_1", asked(codes=[code]))
    with db.single() as tx:
        usage.confirm(tx, "bil_1")
    with db.single() as tx:
        usage.reverse(tx, "bil_1", "full_refund")
    assert usage.apply(db, "bil_2", asked(codes=[code]))["discount_minor"] == 100


# Doors


@pytest.fixture
def voucher(doors: Doors) -> str:
    body = {**written(name="Voucher"), "trigger": "code"}
    return str(doors("manager", "POST", "/v1/promotions", body).json["id"])


def test_a_batch_is_made_once_however_often_it_is_asked_for(doors: Doors, voucher: str, db: Transactions) -> None:
    path = f"/v1/promotions/{voucher}/codes/batches"
    answers = at_once(
        partial(doors, "manager", "POST", path, {"count": 5, "prefix": "vip"}, headers=KEY) for _ in range(8)
    )
    assert {answer.status for answer in answers} <= {201, 409}
    again = doors("manager", "POST", path, {"count": 5, "prefix": "vip"}, headers=KEY)
    assert (again.status, again.headers["idempotency-replayed"]) == (201, "true")
    assert again.headers["location"] == f"{path}/{again.json['id']}"
    assert again.json | {"id": "", "created_at": ""} == {
        "id": "",
        "promotion_id": voucher,
        "count": 5,
        "prefix": "VIP",
        "uses_per_code": 1,
        "created_at": "",
        "disabled": False,
    }
    with db.read() as tx:
        assert tx.scalar(sa.select(sa.func.count()).select_from(codes_table)) == 5
    other = doors("manager", "POST", path, {"count": 6}, headers=KEY)
    assert (other.status, other.code) == (422, "idempotency_key_reused")
    assert doors("manager", "POST", path, {"count": 5}).code == "idempotency_key_missing"


def test_staff_see_which_codes_were_used(doors: Doors, voucher: str, db: Transactions) -> None:
    batch = made(db, voucher, 3)
    used, gone, fresh = codes_of(db, batch)
    usage.apply(db, "bil_1", asked(codes=[used]))
    assert doors("manager", "DELETE", f"/v1/promotions/{voucher}/codes/{gone}").status == 204
    told = shown(doors, voucher, batch["id"])
    assert told["batch"]["states"] == {"unused": 1, "used": 1, "disabled": 1}
    assert {one["code"]: (one["state"], one["uses"], one["uses_allowed"]) for one in told["data"]} == {
        used: ("used", 1, 1),
        gone: ("disabled", 0, 1),
        fresh: ("unused", 0, 1),
    }
    for state, code in (("used", used), ("disabled", gone), ("unused", fresh)):
        assert [one["code"] for one in shown(doors, voucher, batch["id"], f"?state={state}")["data"]] == [code]
    assert doors("manager", "GET", f"/v1/promotions/{voucher}/usage").json["counters"] == []


def test_codes_are_listed_in_pages(doors: Doors, voucher: str, db: Transactions) -> None:
    batch = made(db, voucher, 5)
    first = shown(doors, voucher, batch["id"], "?limit=3")
    rest = shown(doors, voucher, batch["id"], f"?limit=3&after={first['next']}")
    assert [one["code"] for one in first["data"] + rest["data"]] == sorted(codes_of(db, batch))
    assert (first["has_more"], rest["has_more"], rest["next"]) == (True, False, None)


def test_batches_are_listed_newest_first(doors: Doors, voucher: str, db: Transactions) -> None:
    made_ids = [made(db, voucher)["id"] for _ in range(3)]
    path = f"/v1/promotions/{voucher}/codes/batches"
    page = doors("manager", "GET", f"{path}?limit=2").json
    rest = doors("manager", "GET", f"{path}?limit=2&after={page['next']}").json
    assert [one["id"] for one in page["data"] + rest["data"]] == sorted(made_ids, reverse=True)


def test_the_download_is_a_sheet_of_all_codes(doors: Doors, voucher: str, db: Transactions) -> None:
    batch = made(db, voucher, 120)
    answer = doors("manager", "GET", f"/v1/promotions/{voucher}/codes/batches/{batch['id']}/csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == f'attachment; filename="{batch["id"]}.csv"'
    heading, *rows = csv.reader(io.StringIO(answer.body.decode()))
    assert heading == ["code", "state", "uses", "uses_allowed"]
    assert rows == [[code, "unused", "0", "1"] for code in sorted(codes_of(db, batch))]


def test_a_batch_that_was_switched_off_reads_like_codes_nobody_knows(
    doors: Doors, voucher: str, db: Transactions
) -> None:
    batch, other = made(db, voucher, 3), made(db, voucher)
    path = f"/v1/promotions/{voucher}/codes/batches/{batch['id']}"
    for _ in range(2):
        assert doors("manager", "DELETE", path).status == 204
    assert doors("manager", "GET", path).json["batch"]["disabled"] is True
    assert doors("manager", "GET", path).json["batch"]["states"] == {"unused": 0, "used": 0, "disabled": 3}
    told = {
        doors("guest", "POST", "/v1/promotions/validate", {"code": code}).json["detail"]
        for code in (codes_of(db, batch)[0], "NEVERMADE1")
    }
    assert len(told) == 1
    assert doors("guest", "POST", "/v1/promotions/validate", {"code": codes_of(db, other)[0]}).status == 200
    with db.read() as tx:
        kinds = tx.scalars(sa.select(promotion_changes.c.kind).order_by(promotion_changes.c.id)).all()
    assert kinds == ["created", "batch_made", "batch_made", "batch_disabled", "batch_disabled"]


@pytest.mark.parametrize(
    ("wish", "pointer"),
    [
        ({"count": 0}, "/count"),
        ({"count": 10_001}, "/count"),
        ({"count": 1.0}, "/count"),
        ({"count": 1, "uses_per_code": 0}, "/uses_per_code"),
        ({"count": 1, "prefix": "A_B"}, "/prefix"),
        ({"count": 1, "prefix": "x" * 21}, "/prefix"),
        ({"count": 1, "length": 3}, "/length"),
        ({}, "/count"),
    ],
)
def test_bad_wishes_are_refused_by_their_field(doors: Doors, voucher: str, wish: dict[str, Any], pointer: str) -> None:
    answer = doors("manager", "POST", f"/v1/promotions/{voucher}/codes/batches", wish, headers=KEY)
    assert (answer.status, [fault["pointer"] for fault in answer.json["errors"]]) == (422, [pointer])


def test_only_promotions_with_codes_get_batches(doors: Doors, db: Transactions) -> None:
    automatic, archived, foreign = put(db), vouchers(db), vouchers(db, venue_id="ven_other")
    with db.transaction() as tx:
        promotions.move(tx, VENUE, archived, "usr_manager", "archived")
    told = [
        doors("manager", "POST", f"/v1/promotions/{one}/codes/batches", {"count": 1}, headers=KEY).code
        for one in (automatic, archived, foreign, "prm_unknown")
    ]
    assert told == ["promotion_automatic", "promotion_archived", "promotion_not_found", "promotion_not_found"]


def test_a_batch_is_seen_under_its_own_promotion_only(doors: Doors, voucher: str, db: Transactions) -> None:
    batch = made(db, voucher)
    for promotion_id in (vouchers(db), "prm_unknown"):
        path = f"/v1/promotions/{promotion_id}/codes/batches/{batch['id']}"
        for method, way in (("GET", path), ("GET", f"{path}/csv"), ("DELETE", path)):
            answer = doors("manager", method, way)
            assert (answer.status, answer.code.removesuffix("_not_found")) in {
                (404, "code_batch"),
                (404, "promotion"),
            }
    foreign = doors("manager", "GET", f"/v1/promotions/{voucher}/codes/batches/{batch['id']}", venue="ven_other")
    assert foreign.code == "promotion_not_found"
    assert doors("cashier", "GET", f"/v1/promotions/{voucher}/codes/batches").code == "role_not_allowed"


def test_a_promotion_holds_so_many_codes_and_no_more(db: Transactions) -> None:
    voucher = vouchers(db)
    batch = made(db, voucher)
    with db.transaction() as tx:
        tx.execute(sa.update(code_batches).where(code_batches.c.id == batch["id"]).values(count=99_999))
    made(db, voucher)
    with pytest.raises(TooManyCodes):
        made(db, voucher)
