"""Drives one checkout in a process of its own and is ended by the kernel at the point it is told.

Run as: python -m tests.payment.dying_driver DATABASE_URL POINT MEMORY, where MEMORY is the file in which
the two peers, which live on, are left as they were at that moment.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
from pathlib import Path

from ordering_platform.runtime import green

green.patch()

from ordering_platform.payment.arrows import install  # noqa: E402  the patch must come first
from ordering_platform.runtime.database import Transactions, make_engine  # noqa: E402
from tests.payment.conftest import KEY, restaurant_on, settings_for  # noqa: E402


def main(database_url: str, point: str, memory: str) -> None:
    """Check out as the guest of the tests; never returns when the point lies on the way."""
    restaurant = restaurant_on(Transactions(make_engine(database_url)), settings_for(database_url))

    def die(passed: str) -> None:
        if passed == point:
            Path(memory).write_bytes(pickle.dumps((restaurant.orders, restaurant.promotions)))
            os.kill(os.getpid(), signal.SIGKILL)

    install(die)
    restaurant.check_out(KEY, code="TEN")


if __name__ == "__main__":
    main(*sys.argv[1:])
