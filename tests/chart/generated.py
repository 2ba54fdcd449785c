"""What follows from the settings and from the chart's schema, written anew: python -m tests.chart.generated.

The schema's list of settings, those that compose passes on, and the handbook's table of values.
"""

from __future__ import annotations

import json
import re
from dataclasses import fields
from typing import Any

import yaml

from ordering_platform.runtime import config
from tests.chart.house import CHART, HOUSE, OPERATIONS

# Made by the chart and by compose out of where things are; everything else may be set.
WIRED = {
    "DATABASE_URL",
    "AMQP_URL",
    "JWKS_URL",
    "PUBLIC_URL",
    "ORDERING_SIGNING_KEYS_FILE",
    "ORDERING_AUTH_URL",
    "ORDERING_ORDER_URL",
    "ORDERING_PAYMENT_URL",
    "ORDERING_PROMOTION_URL",
    "ORDERING_HTTP_HOST",
    "ORDERING_HTTP_PORT",
    "ORDERING_REUSE_PORT",
    "ORDERING_INTERNAL_PORT",
    "ORDERING_TRUSTED_PROXIES",
    "ORDERING_DB_POOL_SIZE",
    "ORDERING_DB_POOL_OVERFLOW",
}
SECRET = {setting.metadata["env"] for setting in fields(config.Settings) if setting.metadata["secret"]}
# What only the service needs that takes payments; it would keep the others from starting without its secrets.
PAYMENT = (SECRET - WIRED) | {"ORDERING_PAYMENT_PROVIDERS"}
SETTABLE = {
    setting.metadata["env"]: setting.metadata["doc"]
    for setting in fields(config.Settings)
    if setting.metadata["env"] not in WIRED | SECRET
}
# On one machine the pools may be set like everything else, and nobody shares the broker.
PASSED_BY_COMPOSE = [
    setting.metadata["env"]
    for setting in fields(config.Settings)
    if setting.metadata["env"] in (SETTABLE.keys() | {"ORDERING_DB_POOL_SIZE", "ORDERING_DB_POOL_OVERFLOW"}) - PAYMENT
    and setting.metadata["env"] != "ORDERING_RPC_PREFIX"
]
_BEGIN, _END = "<!-- made by python -m tests.chart.generated -->\n", "<!-- end -->"


def schema() -> str:
    """Write the schema with the settings there are now."""
    held = json.loads((CHART / "values.schema.json").read_text())
    held["$defs"]["settings"]["properties"] = {
        name: {"type": ["string", "number", "boolean"], "description": meaning} for name, meaning in SETTABLE.items()
    }
    return json.dumps(held, indent=2) + "\n"


def compose() -> str:
    """Write compose.yaml with the settings there are now."""
    lines = "".join(f"  {name}: ${{{name}:-}}\n" for name in PASSED_BY_COMPOSE)
    text = (HOUSE / "compose.yaml").read_text()
    return re.sub(r"(?<=  ORDERING_INTERNAL_PORT: \"9090\"\n)(?:  ORDERING_\w+: \$\{\w+:-\}\n)+", lambda _: lines, text)


def configuration() -> str:
    """Write the page about values with the table there should be now."""
    page = (OPERATIONS / "configuration.md").read_text()
    before, _, rest = page.partition(_BEGIN)
    return f"{before}{_BEGIN}{table()}{_END}{rest.partition(_END)[2]}"


def table() -> str:
    """Write a row for each value: its name, its default and what it means."""
    held = json.loads((CHART / "values.schema.json").read_text())
    defaults = yaml.safe_load((CHART / "values.yaml").read_text())
    rows = [f"| `{name}` | {default} | {meaning} |\n" for name, default, meaning in _rows(held, held, defaults, "")]
    return "".join(["| value | default | meaning |\n| --- | --- | --- |\n", *rows])


def _rows(schema: Any, node: Any, default: Any, path: str) -> list[tuple[str, str, str]]:
    found = []
    for name, described in node["properties"].items():
        whole = (
            {**schema["$defs"][described["$ref"].rpartition("/")[2]], **described} if "$ref" in described else described
        )
        where, held = f"{path}{name}", (default or {}).get(name)
        # What is the same for all services has a row for each only where its default may differ.
        if whole.get("properties") and not where.endswith(("settings", "resources")):
            found += _rows(schema, whole, held, f"{where}.")
        elif name != "global":
            found.append((where, _shown(held), str(whole["description"]).replace("|", "\\|")))
    return found


def _shown(value: Any) -> str:
    if value in ("", None, [], {}):
        return ""
    return f"`{value if isinstance(value, str) else json.dumps(value)}`"


if __name__ == "__main__":
    (CHART / "values.schema.json").write_text(schema())
    (HOUSE / "compose.yaml").write_text(compose())
    (OPERATIONS / "configuration.md").write_text(configuration())
