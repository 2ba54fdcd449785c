"""The only reader of the environment: typed settings, all faults told at once, secrets never shown.

Every setting is one line of ``Settings``. Values are read as written (never as YAML), so a secret
that looks like a number or a mapping stays the text it is.
"""

from __future__ import annotations

import os
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import TYPE_CHECKING, Any

from ordering_platform.runtime.errors import DomainError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})


class ConfigInvalid(DomainError):
    """The settings are not usable; every fault is listed."""


def _flag(text: str) -> bool:
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    msg = "say on or off"
    raise ValueError(msg)


def _positive(text: str) -> int:
    number = int(text)
    if number <= 0:
        msg = "must be a whole number above 0"
        raise ValueError(msg)
    return number


def _amount(text: str) -> int:
    number = int(text)
    if number < 0:
        msg = "must be a whole number, 0 or more"
        raise ValueError(msg)
    return number


def _seconds(text: str) -> float:
    number = float(text)
    if not 0 <= number < float("inf"):
        msg = "must be a number of seconds, 0 or more"
        raise ValueError(msg)
    return number


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _one_of(*choices: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in choices:
            msg = f"must be one of {', '.join(choices)}"
            raise ValueError(msg)
        return text

    return parse


def _url(*schemes: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if not text.startswith(tuple(f"{scheme}://" for scheme in schemes)):
            msg = f"must start with {' or '.join(f'{scheme}://' for scheme in schemes)}"
            raise ValueError(msg)
        return text.rstrip("/")

    return parse


def _setting(
    env: str,
    doc: str,
    parse: Callable[[str], Any] = str,
    default: Any = MISSING,
    *,
    secret: bool = False,
    needed_with: str = "",
) -> Any:
    metadata = {"env": env, "doc": doc, "parse": parse, "secret": secret, "needed_with": needed_with}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that can be set, with its variable, its meaning and its default."""

    database_url: str = _setting(
        "DATABASE_URL",
        "PostgreSQL: postgresql://user:password@host:5432/name",
        _url("postgresql", "postgresql+psycopg2", "postgres"),
        secret=True,
    )
    amqp_url: str = _setting(
        "AMQP_URL",
        "RabbitMQ: amqp://user:password@host:5672/vhost",
        _url("amqp", "amqps", "inproc"),
        secret=True,
    )
    jwks_url: str = _setting(
        "JWKS_URL",
        "Where the public signing keys are read: the auth service's /.well-known/jwks.json",
        _url("http", "https"),
    )
    public_url: str = _setting(
        "PUBLIC_URL",
        "The address guests reach; it is printed in the QR codes",
        _url("http", "https"),
    )
    signing_keys_file: str = _setting(
        "ORDERING_SIGNING_KEYS_FILE",
        "File with the private signing keys (JWK set); only the auth service needs it",
        default="",
    )
    auth_url: str = _setting(
        "ORDERING_AUTH_URL", "Auth service as the gateway reaches it", _url("http"), "http://auth-service:8000"
    )
    order_url: str = _setting(
        "ORDERING_ORDER_URL", "Order service as the gateway reaches it", _url("http"), "http://order-service:8000"
    )
    payment_url: str = _setting(
        "ORDERING_PAYMENT_URL",
        "Payment service as the gateway reaches it",
        _url("http"),
        "http://payment-service:8000",
    )
    promotion_url: str = _setting(
        "ORDERING_PROMOTION_URL",
        "Promotion service as the gateway reaches it",
        _url("http"),
        "http://promotion-service:8000",
    )
    http_host: str = _setting("ORDERING_HTTP_HOST", "Address the service listens on", default="0.0.0.0")  # noqa: S104  a pod is reached from outside itself
    http_port: int = _setting("ORDERING_HTTP_PORT", "Port of the HTTP doors", _positive, 8000)
    reuse_port: bool = _setting(
        "ORDERING_REUSE_PORT", "Several processes of one service share the port: on, off", _flag, default=False
    )
    internal_port: int = _setting("ORDERING_INTERNAL_PORT", "Port of /metrics; 0 switches it off", int, 0)
    max_workers: int = _setting("ORDERING_MAX_WORKERS", "Requests a service works on at once", _positive, 64)
    max_queue: int = _setting("ORDERING_MAX_QUEUE", "Requests that may wait for a worker", _positive, 256)
    queue_timeout: float = _setting("ORDERING_QUEUE_TIMEOUT", "Seconds to wait for a worker", _seconds, 1.0)
    max_connections: int = _setting("ORDERING_MAX_CONNECTIONS", "Open HTTP connections", _positive, 2000)
    max_streams: int = _setting("ORDERING_MAX_STREAMS", "Open event streams", _positive, 1000)
    max_body: int = _setting("ORDERING_MAX_BODY", "Largest request body in bytes", _positive, 65536)
    header_timeout: float = _setting("ORDERING_HEADER_TIMEOUT", "Seconds to send the headers", _seconds, 10.0)
    body_timeout: float = _setting("ORDERING_BODY_TIMEOUT", "Seconds to send the body", _seconds, 10.0)
    request_timeout: float = _setting("ORDERING_REQUEST_TIMEOUT", "Seconds a request may take", _seconds, 10.0)
    keepalive_timeout: float = _setting(
        "ORDERING_KEEPALIVE_TIMEOUT", "Seconds an idle connection is kept", _seconds, 75.0
    )
    drain_delay: float = _setting("ORDERING_DRAIN_DELAY", "Seconds between SIGTERM and closing the door", _seconds, 3.0)
    grace_period: float = _setting("ORDERING_GRACE_PERIOD", "Seconds until a stop is forced", _seconds, 30.0)
    rpc_timeout: float = _setting("ORDERING_RPC_TIMEOUT", "Seconds a call to a peer may take", _seconds, 3.0)
    rpc_prefix: str = _setting("ORDERING_RPC_PREFIX", "Set it where two platforms share a vhost", default="")
    heartbeat: int = _setting("ORDERING_HEARTBEAT", "Seconds between signs of life on the broker", _positive, 10)
    db_pool_size: int = _setting("ORDERING_DB_POOL_SIZE", "Connections kept to PostgreSQL", _positive, 5)
    db_pool_overflow: int = _setting("ORDERING_DB_POOL_OVERFLOW", "Connections added under load", int, 5)
    registration: str = _setting(
        "ORDERING_REGISTRATION", "Who may register: off, invite, open", _one_of("off", "invite", "open"), "off"
    )
    default_venue: str = _setting("ORDERING_DEFAULT_VENUE", "Venue that open registration joins", default="")
    payment_providers: tuple[str, ...] = _setting(
        "ORDERING_PAYMENT_PROVIDERS", "Ways to pay, in the order shown", _words, ("cash",)
    )
    sandbox_webhook_secret: str = _setting(
        "ORDERING_SANDBOX_WEBHOOK_SECRET",
        "Signs the webhooks of the sandbox provider; without it they are refused",
        default="",
        secret=True,
    )
    stripe_secret_key: str = _setting(
        "ORDERING_STRIPE_SECRET_KEY",
        "The secret key of the Stripe account; needed where stripe is a way to pay",
        default="",
        secret=True,
        needed_with="stripe",
    )
    stripe_webhook_secret: str = _setting(
        "ORDERING_STRIPE_WEBHOOK_SECRET",
        "Signs Stripe's messages to /v1/webhooks/stripe; needed where stripe is a way to pay",
        default="",
        secret=True,
        needed_with="stripe",
    )
    stripe_api_base: str = _setting(
        "ORDERING_STRIPE_API_BASE", "Where Stripe's API is", _url("http", "https"), "https://api.stripe.com"
    )
    online_expiry: float = _setting(
        "ORDERING_ONLINE_EXPIRY", "Seconds until an unfinished online payment is given up", _seconds, 600.0
    )
    hold_expiry: float = _setting(
        "ORDERING_HOLD_EXPIRY", "Seconds until money that is only held is let go", _seconds, 86400.0
    )
    counter_expiry: float = _setting(
        "ORDERING_COUNTER_EXPIRY",
        "Seconds until an unconfirmed payment at the counter is given up; 0 waits for staff",
        _seconds,
        0.0,
    )
    refund_limit: int = _setting(
        "ORDERING_REFUND_LIMIT",
        "What a cashier may give back of one payment, in the smallest unit of its currency; more takes a manager",
        _amount,
        10_000,
    )
    cors_origins: tuple[str, ...] = _setting(
        "ORDERING_CORS_ORIGINS", "Web origins other than ours that may call", _words, ()
    )
    trusted_proxies: tuple[str, ...] = _setting(
        "ORDERING_TRUSTED_PROXIES", "Networks whose X-Forwarded-For is believed", _words, ()
    )
    rate_limits: bool = _setting("ORDERING_RATE_LIMITS", "Limit requests per address: on, off", _flag, default=True)
    log_level: str = _setting(
        "ORDERING_LOG_LEVEL",
        "debug, info, warning or error",
        _one_of("debug", "info", "warning", "error"),
        "info",
    )


def load(environ: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
    """Read the settings from the environment; ``overrides`` win, by field name.

    Raises ConfigInvalid with one line for each variable that is missing or unusable.
    """
    source = os.environ if environ is None else environ
    values: dict[str, Any] = dict(overrides)
    faults: list[str] = []
    for setting in fields(Settings):
        if setting.name in overrides:
            continue
        text = source.get(setting.metadata["env"], "")
        if text == "":
            if setting.default is MISSING:
                faults.append(f"{setting.metadata['env']} is missing: {setting.metadata['doc']}")
            continue
        try:
            values[setting.name] = setting.metadata["parse"](text)
        except ValueError as fault:
            faults.append(f"{setting.metadata['env']}: {_reason(setting, fault)}")
    faults += _missing(values)
    if faults:
        raise ConfigInvalid("\n".join(faults), faults=faults)
    return Settings(**values)


def _missing(values: Mapping[str, Any]) -> list[str]:
    """List what a way to pay that is switched on needs and does not have."""
    switched_on = values.get("payment_providers", ())
    return [
        f"{setting.metadata['env']} is missing: {setting.metadata['doc']}"
        for setting in fields(Settings)
        if setting.metadata["needed_with"] in switched_on and not values.get(setting.name)
    ]


def settings_of(config: Mapping[str, Any]) -> Settings:
    """Give the settings of a nameko container: our runner's, or the environment's under ``nameko run``."""
    held = config.get("settings")
    return held if isinstance(held, Settings) else load()


def _reason(setting: Field[Any], fault: ValueError) -> str:
    # The fault of int() or float() quotes the value, and a value may be a secret in the wrong place.
    if setting.metadata["secret"] or setting.metadata["parse"] in {int, float}:
        return f"is not usable: {setting.metadata['doc']}"
    return f"{fault}. {setting.metadata['doc']}"


def shown(settings: Settings, environ: Mapping[str, str] | None = None) -> list[dict[str, str]]:
    """List every setting with its value (secrets redacted), where it came from and what it means."""
    source = os.environ if environ is None else environ
    rows = []
    for setting in fields(Settings):
        value = getattr(settings, setting.name)
        text = ",".join(value) if isinstance(value, tuple) else str(value)
        env = setting.metadata["env"]
        rows.append(
            {
                "name": env,
                "value": "********" if setting.metadata["secret"] and text else text,
                "source": "environment" if source.get(env) else "default",
                "meaning": setting.metadata["doc"],
            }
        )
    return rows
