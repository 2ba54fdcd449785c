"""The guest's way from scan to paid, step by step, and a closed loop of guests who walk it."""

from __future__ import annotations

import secrets
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.bench.http import Client, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PARTY = 4  # guests a table sees before its session is full of orders and the next table is taken


@dataclass
class Walked:
    """What a round of flows took: seconds by step, seconds in all, and what was refused."""

    steps: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    flows: int = 0
    seconds: float = 0.0
    refused: list[str] = field(default_factory=list)


def walk(client: Client, table_code: str, code: str, note: Callable[[str, float], None]) -> None:
    """Order and pay once, as one guest at one table."""

    def step(name: str, method: str, path: str, body: Any = None, **headers: str) -> Any:
        begun = time.perf_counter()
        answer = client.send(method, path, body, **headers)
        note(name, time.perf_counter() - begun)
        return answer

    token = step("guest token", "POST", "/v1/auth/guest", {"table_code": table_code})["access_token"]
    mine = {"Authorization": f"Bearer {token}"}
    menu = step("menu", "GET", "/v1/menu", **mine)
    dishes = [dish for category in menu["categories"] for dish in category["items"] if _plain(dish)]
    order = step("create order", "POST", "/v1/orders", {}, Idempotency_Key=secrets.token_hex(8), **mine)
    path = f"/v1/orders/{order['id']}"
    lines = [{"menu_item_id": dish["id"], "quantity": 2} for dish in dishes[:3]]
    step("add 3 items", "POST", f"{path}/items", {"items": lines}, **mine)
    step("place", "POST", f"{path}/place", {}, **mine)
    payment = {"order_ids": [order["id"]], "codes": [code], "method": "sandbox", "card": {"token": "tok_approve"}}
    step("checkout", "POST", "/v1/checkout", payment, Idempotency_Key=secrets.token_hex(8), **mine)
    if step("view", "GET", path, **mine)["payment_status"] != "paid":
        raise Refused("the order was not paid")
    step("history", "GET", "/v1/orders", **mine)


def _plain(dish: dict[str, Any]) -> bool:
    needs_choice = any(group["min"] > 0 for group in dish["option_groups"])
    return dish["available"] and not dish["sold_out"] and not needs_choice


def loop(port: int, tables: Iterator[str], code: str, guests: int, flows: int) -> Walked:
    """Let ``guests`` walk at once until ``flows`` are done in all."""
    walked = Walked()
    left = iter(range(flows))
    lock = threading.Lock()

    def note(name: str, seconds: float) -> None:
        walked.steps[name].append(seconds)

    def guest() -> None:
        client = Client(port)
        while True:
            with lock:
                if next(left, None) is None:
                    break
                table = next(tables)
            try:
                walk(client, table, code, note)
            except Refused as refusal:
                walked.refused.append(str(refusal))
                client.close()
                client = Client(port)
            else:
                with lock:
                    walked.flows += 1
        client.close()

    begun = time.perf_counter()
    threads = [threading.Thread(target=guest) for _ in range(guests)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    walked.seconds = time.perf_counter() - begun
    return walked
