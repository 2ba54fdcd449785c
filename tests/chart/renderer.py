"""Helm in a process of its own: answers one line of JSON with another, until its input ends.

Helm is a library in Go; apart from the tests, its threads never meet our greenthreads.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import helm_python

NOTES = "/NOTES.txt"


def answer(chart: helm_python.Chart, path: Path, asked: dict[str, Any]) -> dict[str, Any]:
    """Lint or render with these values; a refusal is an answer too."""
    values = _merged([helm_python.values_from_yaml((path / name).read_text()) for name in asked["files"]])
    values = _merged([values, asked["values"]])
    if asked["do"] == "lint":
        report = helm_python.lint(path, values, strict=True, kube_version="v1.30.0")
        return {"messages": [*report["messages"], *report["errors"]]}
    try:
        files = chart.render(values, name=asked["release"], namespace="cafe")
    except helm_python.HelmError as refusal:
        return {"refused": str(refusal)}
    notes = next(text for name, text in files.items() if name.endswith(NOTES))
    return {"notes": notes, "files": {name: text for name, text in files.items() if not name.endswith(NOTES)}}


def _merged(layers: list[dict[str, Any]]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for layer in layers:
        for key, value in layer.items():
            held = merged.get(key)
            merged[key] = _merged([held, value]) if isinstance(held, dict) and isinstance(value, dict) else value
    return merged


if __name__ == "__main__":
    place = Path(sys.argv[1])
    with helm_python.Chart.load(place) as loaded:
        for line in sys.stdin:
            sys.stdout.write(json.dumps(answer(loaded, place, json.loads(line))) + "\n")
            sys.stdout.flush()
