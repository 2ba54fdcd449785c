"""Measurements that need no whole platform: each is a process of its own that prints JSON, shown here as rows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

QUOTE_AIM_MS = 5.0


def measured(name: str) -> dict[str, Any]:
    """Run a probe and give its figures, with what the machine was busy with; what it says meanwhile is shown."""
    print(f"\n## {name}")
    load = os.getloadavg()[0]
    done = subprocess.run([sys.executable, "-m", f"tests.bench.{name}"], stdout=subprocess.PIPE, check=True)
    result: dict[str, Any] = {"load": round(load, 1), **json.loads(done.stdout)}
    PROBES[name](result)
    return result


def _print_quote(result: dict[str, Any]) -> None:
    print(f"a quote over {result['lines']} lines and {result['promotions']} promotions, load {result['load']}:")
    for name in ("pricing", "evaluation", "rpc"):
        part = result[name]
        print(f"{name:<12} {part['cpu_ms']:>7.2f} CPU-ms  ({part['least']:.2f}-{part['most']:.2f})")
    whole = result["pricing"]["cpu_ms"] + result["rpc"]["cpu_ms"]
    print(f"{'a quote':<12} {whole:>7.2f} CPU-ms, aim {QUOTE_AIM_MS}; one ES256 check {result['signature_ms']:.2f}")


def _print_checkouts(result: dict[str, Any]) -> None:
    print(f"{result['guests']} guests check out at once, load {result['load']}:")
    for name in ("without_limit", "with_limit"):
        row = result[name]
        waits = ", ".join(f"{table} {wait} ms" for table, wait in row["longest_wait_ms"].items())
        waits = waits or f"none above {result['noticed_from_ms']} ms"
        print(
            f"{name:<14} {row['per_second']:>6.1f}/s  p50 {row['p50_ms']:>7.1f} ms  refused {len(row['refused'])}"
            f"  longest wait for a lock: {waits}"
        )
    print(f"throughput with a limit / without: {result['throughput_ratio']}")
    for name, row in result["checkout"].items():
        calls = ", ".join(f"{method} {count:g}" for method, count in row["calls"].items())
        print(f"one checkout {name}: {row['statements']} statements, {row['commits']} commits, calls: {calls}")


PROBES: dict[str, Callable[[dict[str, Any]], None]] = {"quote": _print_quote, "checkouts": _print_checkouts}
