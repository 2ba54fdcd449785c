"""``make bench``: measures the guest flow on both ways to run, quotes and checkouts; prints, and keeps JSON."""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import subprocess
import sysconfig
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.bench import flow, measure, platforms, probes

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.bench.platforms import Subject

RESULTS = Path("bench-results")
CODE = "WELCOME10"
GUESTS = (1, 8, 32)
FLOWS = {1: 40, 8: 160, 32: 320}
COUNTED = 20


def main() -> None:
    """Measure, print, keep."""
    wanted = argparse.ArgumentParser(description=__doc__)
    wanted.add_argument("--rounds", type=int, default=3)
    wanted.add_argument("--only", choices=["embedded", "processes", *probes.PROBES])
    wanted.add_argument("--scale", type=float, default=1.0, help="share of the usual number of flows")
    chosen = wanted.parse_args()
    report: dict[str, Any] = {
        "revision": _revision(),
        "python": _python(),
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    for name, start in (("embedded", platforms.embedded), ("processes", platforms.processes)):
        if chosen.only in {None, name}:
            with tempfile.TemporaryDirectory(prefix="op-bench-") as folder, start(Path(folder)) as subject:
                report[name] = measured(subject, chosen.rounds, chosen.scale)
    for name in probes.PROBES:
        if chosen.only in {None, name}:
            report[name] = probes.measured(name)
    RESULTS.mkdir(exist_ok=True)
    kept = RESULTS / f"{report['revision']}.json"
    kept.write_text(json.dumps(report, indent=2))
    print(f"kept in {kept}")


def measured(subject: Subject, rounds: int, scale: float) -> dict[str, Any]:
    """Measure one platform: warm up, count statements, then rounds of 1, 8 and 32 guests."""
    print(f"\n## {subject.name} ({_python()})")
    flow.loop(subject.port, subject.tables, CODE, 4, 20)
    result: dict[str, Any] = {
        "started_seconds": {name: round(seconds, 2) for name, seconds in subject.started.items()},
        "idle_memory_mb": subject.idle_memory_mb,
        "statements": _statements(subject),
        "guests": {},
    }
    for guests in GUESTS:
        runs = [_round(subject, guests, max(guests, int(FLOWS[guests] * scale))) for _ in range(rounds)]
        result["guests"][guests] = _summed(runs)
    result["loaded_memory_mb"] = measure.memory_mb(subject.groups)
    _print(result)
    return result


def _round(subject: Subject, guests: int, flows: int) -> dict[str, Any]:
    before = {group.name: group.cpu_seconds() for group in subject.groups}
    own = time.process_time()
    walked = flow.loop(subject.port, subject.tables, CODE, guests, flows)
    done = max(walked.flows, 1)
    cpu = {group.name: (group.cpu_seconds() - before[group.name]) * 1000 / done for group in subject.groups}
    return {
        "cpu_ms_per_flow": cpu,
        "driver_ms_per_flow": (time.process_time() - own) * 1000 / done,
        "flows_per_second": walked.flows / walked.seconds,
        "refused": walked.refused,
        "steps": walked.steps,
    }


def _summed(runs: list[dict[str, Any]]) -> dict[str, Any]:
    steps: dict[str, list[float]] = {}
    for run in runs:
        for name, seconds in run["steps"].items():
            steps.setdefault(name, []).extend(seconds)
    totals = [sum(run["cpu_ms_per_flow"].values()) for run in runs]
    return {
        "cpu_ms_per_flow": {
            name: round(statistics.median(run["cpu_ms_per_flow"][name] for run in runs), 2)
            for name in runs[0]["cpu_ms_per_flow"]
        },
        "cpu_ms_total": round(statistics.median(totals), 2),
        "cpu_ms_spread": [round(min(totals), 2), round(max(totals), 2)],
        "driver_ms_per_flow": round(statistics.median(run["driver_ms_per_flow"] for run in runs), 2),
        "flows_per_second": round(statistics.median(run["flows_per_second"] for run in runs), 1),
        "refused": [refusal for run in runs for refusal in run["refused"]],
        "step_ms": {
            name: {
                "p50": round(measure.percentile(seconds, 0.5) * 1000, 1),
                "p99": round(measure.percentile(seconds, 0.99) * 1000, 1),
            }
            for name, seconds in steps.items()
        },
    }


def _statements(subject: Subject) -> dict[str, float]:
    """Count what one flow asks of PostgreSQL, without what the idle platform asks in the same time."""
    with subject.watched() as log:

        def asked(work: Callable[[], object]) -> tuple[float, int, int]:
            begun, start, written = time.monotonic(), log.stat().st_size, subject.written()
            work()
            lasted = time.monotonic() - begun
            return lasted, measure.statements(log, start), subject.written() - written

        lasted, *busy = asked(lambda: flow.loop(subject.port, subject.tables, CODE, 1, COUNTED))
        rested, *idle = asked(lambda: time.sleep(max(lasted, 4.0)))
    data, commits = ((one - lasted / rested * other) / COUNTED for one, other in zip(busy, idle, strict=True))
    return {"data": round(data, 1), "commits": round(commits, 1)}


def _print(result: dict[str, Any]) -> None:
    print(f"start (s): {result['started_seconds']}")
    print(f"memory PSS (MB): idle {result['idle_memory_mb']}, loaded {result['loaded_memory_mb']}")
    print(f"statements per flow: {result['statements']['data']} data, {result['statements']['commits']} commits")
    print(f"{'guests':>6} {'CPU-ms/flow':>12} {'spread':>15} {'flows/s':>8}  by part")
    for guests, row in result["guests"].items():
        spread = "-".join(f"{value:.1f}" for value in row["cpu_ms_spread"])
        parts = ", ".join(f"{name} {value}" for name, value in row["cpu_ms_per_flow"].items())
        print(
            f"{guests:>6} {row['cpu_ms_total']:>12} {spread:>15} {row['flows_per_second']:>8}"
            f"  {parts} (driver {row['driver_ms_per_flow']}); refused {len(row['refused'])}"
        )
        for refusal in row["refused"][:2]:
            print(f"       {refusal}")
    print(f"{'step':<14}" + "".join(f"{guests:>4} guests p50/p99" for guests in result["guests"]))
    for name in next(iter(result["guests"].values()))["step_ms"]:
        cells = [row["step_ms"].get(name, {"p50": 0, "p99": 0}) for row in result["guests"].values()]
        print(f"{name:<14}" + "".join(f"{cell['p50']:>11} /{cell['p99']:>6}" for cell in cells))


def _python() -> str:
    optimised = (
        "profile-guided" if "--enable-optimizations" in (sysconfig.get_config_var("CONFIG_ARGS") or "") else "plain"
    )
    return f"Python {platform.python_version()}, {optimised} build"


def _revision() -> str:
    words = ["git", "describe", "--always", "--dirty"]
    return subprocess.run(words, capture_output=True, text=True, check=False).stdout.strip() or "unknown"


if __name__ == "__main__":
    main()
