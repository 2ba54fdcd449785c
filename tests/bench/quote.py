"""What a price costs: 50 lines and 20 running promotions, in CPU-ms of this process alone. Prints JSON.

Run by ``make bench`` as a process of its own, so that nothing else is counted: the database and its processes are
not, the caller's half of the RPC is.
"""

from __future__ import annotations

from ordering_platform.runtime import green

green.patch()

import json  # noqa: E402  the patch must come first
import statistics  # noqa: E402
import sys  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402
from datetime import UTC, datetime  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import TYPE_CHECKING, Any  # noqa: E402

from cryptography.hazmat.primitives import hashes  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import ec  # noqa: E402

from ordering_platform.embedded import broker  # noqa: E402, F401  makes inproc:// known
from ordering_platform.embedded.postgres import Postgres  # noqa: E402
from ordering_platform.payment.quoting import offer, question  # noqa: E402
from ordering_platform.promotion import inquiry, promotions  # noqa: E402
from ordering_platform.promotion.candidates import look  # noqa: E402
from ordering_platform.promotion.evaluation import evaluate  # noqa: E402
from ordering_platform.promotion.service import PromotionService  # noqa: E402
from ordering_platform.runtime import migrations  # noqa: E402
from ordering_platform.runtime.database import Transactions, make_engine  # noqa: E402
from tests.support import bus  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

LINES = 50
VENUE = "ven_bench"
AMQP = "inproc://bench"
ROUNDS = 9
TIMES = 40

_ES256 = ec.ECDSA(hashes.SHA256())
_KEY = ec.generate_private_key(ec.SECP256R1())
_SIGNED = _KEY.sign(b"a yardstick", _ES256)

_REWARDS: list[dict[str, Any]] = [
    {"percent_bps": 2000, "on": {"categories": ["cat_0"]}},
    {"percent_bps": 1500, "on": {"tags": ["vegan"]}, "max_discount": {"EUR": 700}},
    {"amount": {"EUR": 50}, "on": {"categories": ["cat_1", "cat_2"]}, "per": "unit"},
    {
        "buy": {"items": {"categories": ["cat_3"]}, "quantity": 2},
        "get": {"items": {"categories": ["cat_3"]}, "quantity": 1, "percent_bps": 10_000},
    },
    {
        "fixed_price": {"EUR": 1900},
        "items": [{"categories": ["cat_4"], "quantity": 1}, {"tags": ["drink"], "quantity": 1}],
    },
    {"free_item": {"menu_item_id": "itm_7", "quantity": 1}},
    {
        "tiers": [{"from": {"EUR": 2000}, "amount": {"EUR": 300}}, {"from": {"EUR": 9000}, "amount": {"EUR": 1500}}],
        "on": "order",
    },
    {"percent_bps": 500, "on": "order"},
    {"amount": {"EUR": 400}, "on": "order"},
    {"percent_bps": 1000, "on": {"max_unit_price": {"EUR": 900}, "categories": ["cat_0", "cat_1", "cat_2"]}},
]


def documents() -> list[dict[str, Any]]:
    """Write twenty automatic promotions of every kind: in ten groups, half of them limited."""
    made = []
    for place in range(20):
        document: dict[str, Any] = {
            "name": f"Offer {place}",
            "trigger": "auto",
            "reward": _REWARDS[place % len(_REWARDS)],
            "stack": {"group": f"group {place % 10}", "priority": place},
        }
        if place % 2:
            document["limits"] = {"total": 10**6, "per_day": 10**5, "budget": {"EUR": 10**9}}
        if place % 3 == 0:
            document["if"] = {"min_spend": {"EUR": 1500}}
        if place % 4 == 0:
            document["when"] = {
                "weekly": [{"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "from": "06:00", "to": "06:00"}]
            }
        made.append(document)
    return made


def locked() -> dict[str, Any]:
    """Write an order as order-service answers it."""
    lines = [
        {
            "id": f"oit_{place}",
            "order_id": "ord_1",
            "menu_item_id": f"itm_{place}",
            "category_id": f"cat_{place % 5}",
            "tags": ["vegan"] if place % 3 else ["drink"],
            "name": {"en": f"Dish {place}"},
            "quantity": 1 + place % 3,
            "unit_minor": 450 + 35 * place,
            "gross_minor": (450 + 35 * place) * (1 + place % 3),
            "options": [],
            "tax_ppm": 190_000 if place % 2 else 70_000,
            "discountable": place % 10 != 9,
        }
        for place in range(LINES)
    ]
    return {
        "currency": "EUR",
        "currency_digits": 2,
        "tax_included": True,
        "tax_rounding": "per_rate",
        "service_charge_bps": 0,
        "time_zone": "Europe/Berlin",
        "session_id": "ses_1",
        "table_id": "tbl_1",
        "orders": [{"id": "ord_1", "guest_id": "gst_1"}],
        "lines": lines,
    }


def spent(work: Callable[[], Any]) -> dict[str, float]:
    """Give the median and the range of the CPU-ms one call takes, over rounds of many."""
    for _ in range(TIMES):
        work()
    found = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        for _ in range(TIMES):
            work()
        found.append((time.process_time() - begun) * 1000 / TIMES)
    return {
        "cpu_ms": round(statistics.median(found), 2),
        "least": round(min(found), 2),
        "most": round(max(found), 2),
    }


def _check_signature() -> None:
    """Check one ES256 signature: the yardstick for how fast this machine is just now."""
    _KEY.public_key().verify(_SIGNED, b"a yardstick", _ES256)


def measured(url: str) -> dict[str, Any]:
    """Measure the parts of a quote and all that promotion-service does for it."""
    engine = make_engine(url)
    db = Transactions(engine)
    with db.transaction() as tx:
        for document in documents():
            promotions.create(tx, VENUE, "usr_bench", document)
    order = locked()
    asked = question(order, VENUE, [], "gst_1")
    read = inquiry.read(**asked)
    now = datetime.now(UTC)
    with db.read() as tx:
        sight = look(tx, read)
    with bus.serving(PromotionService, AMQP, database_url=url), bus.calling(AMQP, "promotion", timeout=30.0) as service:
        answer = service.evaluate(**asked)
        result = {
            "lines": LINES,
            "promotions": len(sight.candidates),
            "applied": len(answer["applied"]),
            "signature_ms": spent(_check_signature)["cpu_ms"],
            "pricing": spent(lambda: offer(order, None, answer).as_json()),
            "evaluation": spent(lambda: evaluate(sight.candidates, read.lines, read.visit(now))),
            "rpc": spent(lambda: service.evaluate(**asked)),
        }
    engine.dispose()
    return result


def main() -> None:
    """Measure on a database of its own."""
    with tempfile.TemporaryDirectory(prefix="op-quote-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        cluster = Postgres(Path(folder) / "postgres")
        try:
            url = cluster.start()
            migrations.upgrade(url)
            json.dump(measured(url), sys.stdout)
        finally:
            cluster.stop()


if __name__ == "__main__":
    main()
