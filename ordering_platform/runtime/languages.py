"""PURE: which of the languages a page has fits a browser best (RFC 9110, 12.5.4)."""

from __future__ import annotations


def best(header: str, available: tuple[str, ...]) -> str:
    """Give the first language of the highest quality that is available, or the first available one."""
    wishes: list[tuple[float, int, str]] = []
    for position, part in enumerate(header.split(",")[:20]):
        name, _, parameter = part.partition(";")
        wishes.append((-_quality(parameter), position, name.strip().lower().partition("-")[0]))
    for unwanted, _, name in sorted(wishes):
        if unwanted < 0 and name in available:
            return name
    return available[0]


def _quality(text: str) -> float:
    text = text.strip()
    if not text.startswith("q="):
        return 1.0
    try:
        return float(text[2:])
    except ValueError:
        return 0.0
