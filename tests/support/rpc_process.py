"""A service in a process of its own, for tests that end it: ``python -m tests.support.rpc_process URL FOLDER``.

It writes a line to ``FOLDER/started`` for each call it begins, and a begun ``work`` ends when ``FOLDER/go``
exists.
"""

from __future__ import annotations

from ordering_platform.runtime import green

green.patch()

import os  # noqa: E402  the patch must come first
import sys  # noqa: E402
from pathlib import Path  # noqa: E402

from ordering_platform.runtime import runner  # noqa: E402
from ordering_platform.runtime.entrypoints import rpc  # noqa: E402
from tests.support.http import free_port  # noqa: E402
from tests.support.services import settings  # noqa: E402
from tests.support.waiting import until  # noqa: E402


class Worker:
    name = "worker"

    @rpc(callers=())
    def work(self, *, job: str) -> dict[str, str | int]:
        with (folder / "started").open("a") as started:
            started.write(f"{job} {os.getpid()}\n")
        until((folder / "go").exists, timeout=30.0)
        return {"job": job, "pid": os.getpid()}

    @rpc(callers=())
    def pid(self) -> int:
        return os.getpid()


if __name__ == "__main__":
    amqp_url, folder = sys.argv[1], Path(sys.argv[2])
    chosen = settings(amqp_url=amqp_url, http_port=free_port())
    sys.exit(runner.run([runner.Served(Worker, chosen)], ready=lambda _runner: (folder / "ready").touch()))
