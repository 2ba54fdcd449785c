"""A thin Python client for programs that speak with the platform; nothing but the standard library.

    with Client("https://orders.example") as platform:
        guest = platform.as_guest("a-table-code")
        order = guest.post("/v1/orders", {"items": [{"menu_item_id": "itm_1", "quantity": 2}]})
        for past in guest.pages("/v1/orders"):
            print(past["number"])

Everything unsafe carries an ``Idempotency-Key``, so that a request whose answer was lost is sent again and
carried out once.
"""

from __future__ import annotations

from ordering_platform.client.answers import Answer, Problem, Unreachable
from ordering_platform.client.client import Client

__all__ = ["Answer", "Client", "Problem", "Unreachable"]
