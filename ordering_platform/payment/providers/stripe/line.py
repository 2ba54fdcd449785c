"""The line to Stripe: one client for the process, every wait bounded, every fault told as what it means for money."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import requests
import stripe
from requests.adapters import HTTPAdapter
from urllib3.exceptions import NewConnectionError

from ordering_platform.payment.errors import ProviderUnavailable
from ordering_platform.payment.providers import ProviderSilent
from ordering_platform.runtime import logs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ordering_platform.runtime.config import Settings

log = logs.get("payment.stripe")

# Connections that are kept open, as many as a busy evening uses at once.
_KEPT: Final = 20


def client_of(settings: Settings) -> stripe.StripeClient:
    """Make the client; touches no network.

    Its sockets are the standard library's, which ``runtime.green`` has made cooperative: a slow answer holds up
    nobody else. It never repeats a request by itself; that is decided by the bill's driver.
    """
    session = requests.Session()
    session.mount("http", HTTPAdapter(pool_connections=1, pool_maxsize=_KEPT))
    return stripe.StripeClient(
        settings.stripe_secret_key,
        base_addresses={"api": settings.stripe_api_base},
        http_client=stripe.RequestsClient(timeout=settings.rpc_timeout, session=session),
        max_network_retries=0,
    )


def asked(question: Callable[..., Any], *args: Any) -> dict[str, Any]:
    """Ask Stripe one thing and give its answer as plain JSON; raises as ``line`` does."""
    with line():
        answer: dict[str, Any] = question(*args).to_dict()
        return answer


def listed(question: Callable[..., Any], *args: Any) -> Iterator[dict[str, Any]]:
    """Ask Stripe for a list and give one after the other, page by page; raises as ``line`` does."""
    with line():
        for one in question(*args).auto_paging_iter():
            yield one.to_dict()


@contextmanager
def line() -> Iterator[None]:
    """Tell faults of the line: ProviderUnavailable where Stripe has done nothing, ProviderSilent where it may have.

    What Stripe answers to the question itself (declined, refused, key used for something else) passes through.
    """
    try:
        yield
    except (stripe.RateLimitError, stripe.AuthenticationError, stripe.PermissionError) as fault:
        # Turned away at the door. Stripe's own words may quote a key.
        log.error("Stripe turns us away: %s, request %s", type(fault).__name__, fault.request_id)  # noqa: TRY400
        raise ProviderUnavailable from fault
    except stripe.APIConnectionError as fault:
        if _was_never_sent(fault.__cause__):
            raise ProviderUnavailable from fault
        raise ProviderSilent from fault
    except (stripe.CardError, stripe.InvalidRequestError, stripe.IdempotencyError):
        raise
    except stripe.StripeError as fault:
        log.warning("Stripe is at fault: %s %s, request %s", type(fault).__name__, fault.http_status, fault.request_id)
        raise ProviderSilent from fault


def _was_never_sent(cause: BaseException | None) -> bool:
    if isinstance(cause, (requests.ConnectTimeout, requests.exceptions.SSLError)):
        return True
    reason = getattr(cause.args[0], "reason", None) if cause is not None and cause.args else None
    return isinstance(reason, NewConnectionError)
