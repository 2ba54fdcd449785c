"""Runs the shop as a process of its own: ``python -m tests.support.serve_shop '{"http_port": 8000}'``."""

from __future__ import annotations

from ordering_platform.runtime import green

green.patch()

import json  # noqa: E402  the patch must come first
import sys  # noqa: E402

from ordering_platform.runtime import logs, runner  # noqa: E402
from tests.support.services import settings  # noqa: E402
from tests.support.shop import Shop  # noqa: E402

if __name__ == "__main__":
    logs.setup("info")
    shop = runner.Served(Shop.fresh(), settings(**json.loads(sys.argv[1])))
    sys.exit(runner.run([shop], ready=lambda _runner: print("ready", flush=True)))  # noqa: T201  the test waits for it
