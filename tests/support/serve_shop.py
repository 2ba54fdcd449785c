"""Runs the shop as a process of its own: ``python -m tests.support.serve_shop '{"http_port": 8000}'``."""

from __future__ import annotations

from ordering_platform.runtime import green

green.patch()

import json  # noqa: E402  the patch must come first
import sys  # noqa: E402

from ordering_platform.runtime import logs, runner  # noqa: E402
from ordering_platform.runtime.entrypoints import rpc  # noqa: E402
from tests.support.services import settings  # noqa: E402
from tests.support.shop import Shop  # noqa: E402


class ShopOnTheBus(Shop):
    """A shop that peers may call, too."""

    @rpc(callers=("front",))
    def ask(self) -> str:
        return "cake"


if __name__ == "__main__":
    logs.setup("info")
    chosen = settings(**json.loads(sys.argv[1]))
    service = ShopOnTheBus if chosen.amqp_url.startswith("amqp://") else Shop
    sys.exit(runner.run([runner.Served(service.fresh(), chosen)]))
