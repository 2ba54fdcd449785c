"""Drives bills in processes of their own, each ended by the kernel at the point it is told.

Run as: python -m tests.payment.dying_driver DATABASE_URL. It imports everything once and forks a driver for each
line it reads, a JSON list of what it drives (a bill or a refund), a way, a point and the file in which the two
peers, which live on, are left as they were at that moment. It writes the signal that ended the driver, or 0 where
the point does not lie on the way.
"""

from __future__ import annotations

import json
import os
import pickle
import signal
import sys
from pathlib import Path

from ordering_platform.runtime import green

green.patch()

import eventlet.hubs  # noqa: E402  the patch must come first
from eventlet.patcher import original  # noqa: E402

from ordering_platform.payment.arrows import install  # noqa: E402
from ordering_platform.runtime.database import Transactions, make_engine  # noqa: E402
from tests.payment import test_refund_saga, ways  # noqa: E402
from tests.payment.conftest import restaurant_on, settings_for  # noqa: E402


def main(database_url: str) -> None:
    """Fork one driver for each line; has itself no loop and no connection that a driver could inherit."""
    wait = original("os").waitpid
    for line in sys.stdin:
        driver = os.fork()
        if driver == 0:
            _drive(database_url, *json.loads(line))
        _, status = wait(driver, 0)
        print(os.WTERMSIG(status) if os.WIFSIGNALED(status) else -os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201  its answer


def _drive(database_url: str, what: str, way: str, point: str, memory: str) -> None:
    eventlet.hubs.use_hub()
    restaurant = restaurant_on(Transactions(make_engine(database_url)), settings_for(database_url))
    walk = ways.walk
    if what == "refund":
        restaurant, walk = test_refund_saga.paid(restaurant, way), test_refund_saga.walk

    def die(passed: str) -> None:
        if passed == point:
            Path(memory).write_bytes(pickle.dumps((restaurant.orders, restaurant.promotions)))
            os.kill(os.getpid(), signal.SIGKILL)

    install(die)
    try:
        walk(restaurant, way)
    finally:
        os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
