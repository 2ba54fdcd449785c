"""What a limit on a promotion costs a crowd that checks out at once, and what one checkout asks of others. Prints JSON.

Run by ``make bench`` as a process of its own: order, payment and promotion on one event loop, as embedded, and a
PostgreSQL that logs every wait for a lock longer than a few milliseconds.
"""

from __future__ import annotations

from ordering_platform.runtime import green

green.patch()

import json  # noqa: E402  the patch must come first
import re  # noqa: E402
import statistics  # noqa: E402
import sys  # noqa: E402
import tempfile  # noqa: E402
import threading  # noqa: E402
import time  # noqa: E402
from collections import Counter  # noqa: E402
from contextlib import contextmanager  # noqa: E402
from dataclasses import dataclass  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import TYPE_CHECKING, Any  # noqa: E402
from unittest.mock import patch  # noqa: E402

import sqlalchemy as sa  # noqa: E402

from ordering_platform.embedded import broker  # noqa: E402, F401  makes inproc:// known
from ordering_platform.embedded.postgres import Postgres  # noqa: E402
from ordering_platform.order.models import dining_tables  # noqa: E402
from ordering_platform.order.service import OrderService  # noqa: E402
from ordering_platform.payment.service import PaymentService  # noqa: E402
from ordering_platform.promotion import promotions  # noqa: E402
from ordering_platform.promotion.service import PromotionService  # noqa: E402
from ordering_platform.runtime import migrations  # noqa: E402
from ordering_platform.runtime.database import Transactions, engine_of  # noqa: E402
from ordering_platform.runtime.entrypoints import http  # noqa: E402
from ordering_platform.runtime.identity import ANYONE  # noqa: E402
from ordering_platform.runtime.ids import new_code, new_id  # noqa: E402
from ordering_platform.runtime.link import Link  # noqa: E402
from ordering_platform.runtime.runner import Runner, Served  # noqa: E402
from tests.bench.http import Client, Refused  # noqa: E402
from tests.order import rooms  # noqa: E402
from tests.support import services, tokens  # noqa: E402
from tests.support.statements import watched  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ordering_platform.runtime.config import Settings
    from ordering_platform.runtime.request import Request

GUESTS = 32
EACH = 3
ROUNDS = 3
COUNTED = 20
NOTICED_FROM_MS = 5
FREE, LIMITED = "FREE10", "LIMITED10"
AMQP = "inproc://bench-checkouts"
_WAITED = re.compile(r"\[(\d+)\] LOG:  process \d+ acquired \w+ on .* after ([0-9.]+) ms")
_WHERE = re.compile(r'\[(\d+)\] CONTEXT:  .*relation "(\w+)"')


class KeyService:
    """Publishes the key the guests of the bench are signed for with."""

    name = "keys"

    @http("GET", "/.well-known/jwks.json", who=ANYONE)
    def jwks(self, _request: Request) -> dict[str, Any]:
        """Publish it."""
        return tokens.jwks()


@dataclass(frozen=True)
class Shop:
    """A venue with a table for each guest, and where checkouts are sent."""

    db: Transactions
    room: rooms.Room
    codes: tuple[str, ...]
    port: int
    log: Path

    def orders(self, each: int) -> list[list[tuple[dict[str, str], str]]]:
        """Let a guest at each table send so many orders; gives the header of the guest with each order."""
        return [self._orders(rooms.guest(self.db, self.room, code=code), each) for code in self.codes]

    def _orders(self, guest: Any, each: int) -> list[tuple[dict[str, str], str]]:
        signed = rooms.signed(guest)
        return [(signed, str(rooms.sent(self.db, guest, rooms.soup(self.room, 3))["id"])) for _ in range(each)]


def check_out(client: Client, signed: dict[str, str], order_id: str, code: str) -> None:
    """Pay an order by card with a code; raises Refused."""
    body = {"order_ids": [order_id], "codes": [code], "method": "sandbox", "card": {"token": "tok_approve"}}
    client.send("POST", "/v1/checkout", body, Idempotency_Key=new_id("key"), **signed)


def crowd(shop: Shop, code: str) -> dict[str, Any]:
    """Let all guests check out at once, one order after the other, and read what they waited for."""
    parties = shop.orders(EACH)
    start, refused, spent = shop.log.stat().st_size, [], []

    def guest(orders: Sequence[tuple[dict[str, str], str]]) -> None:
        client = Client(shop.port)
        for signed, order_id in orders:
            begun = time.perf_counter()
            try:
                check_out(client, signed, order_id, code)
            except Refused as refusal:
                refused.append(str(refusal)[:200])
            spent.append(time.perf_counter() - begun)
        client.close()

    threads = [threading.Thread(target=guest, args=(orders,)) for orders in parties]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - begun
    return {
        "per_second": (GUESTS * EACH - len(refused)) / seconds,
        "p50_ms": statistics.median(spent) * 1000,
        "refused": refused,
        "waits_ms": waits(shop.log, start),
    }


def waits(log: Path, begin: int) -> dict[str, float]:
    """Give the longest wait for a lock on the rows of each table, in ms, from byte ``begin`` of PostgreSQL's log on."""
    with log.open("rb") as lines:
        lines.seek(begin)
        text = lines.read().decode(errors="replace")
    longest: dict[str, float] = {}
    last: dict[str, float] = {}
    for line in text.splitlines():
        if waited := _WAITED.search(line):
            last[waited[1]] = float(waited[2])
        elif (where := _WHERE.search(line)) and where[1] in last:
            longest[where[2]] = max(longest.get(where[2], 0.0), last.pop(where[1]))
    return longest


@contextmanager
def counted_calls() -> Iterator[Counter[str]]:
    """Count what is asked over the bus meanwhile."""
    asked: Counter[str] = Counter()
    original = Link.request

    def request(link: Link, routing_key: str, body: bytes, deadline: float) -> Any:
        asked[routing_key] += 1
        return original(link, routing_key, body, deadline)

    with patch.object(Link, "request", request):
        yield asked


def cost(shop: Shop, code: str) -> dict[str, Any]:
    """Give the statements, commits and calls of one checkout, without what the idle services do in the same time."""
    orders = [order for party in shop.orders(1) for order in party][:COUNTED]
    client = Client(shop.port)

    def all_of_them() -> None:
        for signed, order_id in orders:
            check_out(client, signed, order_id, code)

    with counted_calls() as calls:
        seconds, *busy = _asked(shop, all_of_them)
    rested, *idle = _asked(shop, lambda: time.sleep(max(seconds, 4.0)))
    client.close()
    statements, commits = ((one - seconds / rested * other) / COUNTED for one, other in zip(busy, idle, strict=True))
    return {
        "statements": round(statements, 1),
        "commits": round(commits, 1),
        "calls": {name: round(count / COUNTED, 2) for name, count in sorted(calls.items())},
    }


def _asked(shop: Shop, work: Any) -> tuple[float, int, int]:
    begun, written = time.monotonic(), _written(shop.db)
    with watched(shop.db.engine) as sent:
        work()
    return time.monotonic() - begun, len(sent), _written(shop.db) - written


def _written(db: Transactions) -> int:
    with db.read() as tx:
        snapshot = sa.text("SELECT CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS text) AS bigint)")
        return int(tx.execute(snapshot).scalar_one())


def measured(url: str, log: Path) -> dict[str, Any]:
    """Measure checkouts with a promotion that is limited and with one that is not, in turns."""
    keys = services.settings(amqp_url=AMQP)
    common = {
        "database_url": url,
        "amqp_url": AMQP,
        "jwks_url": f"http://127.0.0.1:{keys.http_port}/.well-known/jwks.json",
        "public_url": "https://eat.example",
        "payment_providers": ("cash", "sandbox"),
        "sandbox_webhook_secret": "whsec_of_the_bench",
        "db_pool_size": 20,
        "db_pool_overflow": 20,
    }
    order, payment, promotion = (services.settings(**common) for _ in range(3))
    runner = Runner(
        [
            Served(KeyService, keys, 1),
            Served(OrderService, order),
            Served(PromotionService, promotion),
            Served(PaymentService, payment),
        ]
    )
    runner.start()
    try:
        shop = _open(payment, log)
        crowd(shop, FREE)
        runs: dict[str, list[dict[str, Any]]] = {FREE: [], LIMITED: []}
        for _ in range(ROUNDS):
            for code, rounds in runs.items():
                rounds.append(crowd(shop, code))
        return {
            "guests": GUESTS,
            "noticed_from_ms": NOTICED_FROM_MS,
            "without_limit": _summed(runs[FREE]),
            "with_limit": _summed(runs[LIMITED]),
            "throughput_ratio": round(_rate(runs[LIMITED]) / _rate(runs[FREE]), 2),
            "checkout": {"without_limit": cost(shop, FREE), "with_limit": cost(shop, LIMITED)},
        }
    finally:
        runner.stop()


def _open(settings: Settings, log: Path) -> Shop:
    db = Transactions(engine_of(settings))
    with db.transaction() as tx:
        room = rooms.venue(tx, max_unpaid_orders=1000)
        codes = tuple(new_code(128) for _ in range(GUESTS))
        tables = [{"id": new_id("tbl"), "venue_id": room.venue, "name": code[:6], "code": code} for code in codes]
        tx.execute(sa.insert(dining_tables), tables)
        for code, limits in ((FREE, None), (LIMITED, {"total": 10**6})):
            document = {"name": code, "trigger": "code", "reward": {"percent_bps": 1000}, "codes": [code]}
            promotions.create(tx, room.venue, "usr_bench", {**document, "limits": limits})
    return Shop(db, room, codes, settings.http_port, log)


def _rate(runs: list[dict[str, Any]]) -> float:
    return float(statistics.median(run["per_second"] for run in runs))


def _summed(runs: list[dict[str, Any]]) -> dict[str, Any]:
    longest: dict[str, float] = {}
    for run in runs:
        for table, wait in run["waits_ms"].items():
            longest[table] = round(max(longest.get(table, 0.0), wait), 1)
    return {
        "per_second": round(_rate(runs), 1),
        "p50_ms": round(statistics.median(run["p50_ms"] for run in runs), 1),
        "refused": [refusal for run in runs for refusal in run["refused"]],
        "longest_wait_ms": longest,
    }


def main() -> None:
    """Measure on a database of its own."""
    settings = {"log_lock_waits": "on", "deadlock_timeout": f"{NOTICED_FROM_MS}ms", "max_connections": "100"}
    with tempfile.TemporaryDirectory(prefix="op-checkouts-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        cluster = Postgres(Path(folder) / "postgres", settings=settings)
        try:
            url = cluster.start()
            migrations.upgrade(url)
            json.dump(measured(url, cluster.log), sys.stdout)
        finally:
            cluster.stop()


if __name__ == "__main__":
    main()
