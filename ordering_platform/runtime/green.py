"""The one place where the standard library is made cooperative.

Process entry points call ``patch()`` before they import a service; services never do.
"""

from __future__ import annotations

import warnings


def patch() -> None:
    """Make sockets, threads, time and psycopg2 cooperative; safe to call twice."""
    # Eventlet announces its own archival on every import; the decision record on the runtime answers it.
    warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")
    import eventlet  # noqa: PLC0415  the filter above must come first

    eventlet.monkey_patch()
