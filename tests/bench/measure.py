"""Reads from the operating system what processes have used, and from PostgreSQL's log what was asked of it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

MEGABYTE = 1024 * 1024
# BEGIN travels in front of the first statement of a unit, and a statement's text may begin on the next line.
_STATEMENT = re.compile(r"LOG:  (?:statement|execute [^:]*):\s+(?:BEGIN;\s*)?(\w+)")
_FRAME = {"BEGIN", "COMMIT", "ROLLBACK", "SET", "SHOW", "LISTEN", "UNLISTEN", "PREPARE"}


@dataclass(frozen=True)
class Group:
    """Processes that are counted together: a service, the database, the broker."""

    name: str
    pids: tuple[int, ...]

    def cpu_seconds(self) -> float:
        """User and system seconds of the processes, their children and the children that have ended."""
        used = [process.cpu_times() for process in self._roots()]
        ended = sum(times.children_user + times.children_system for times in used)
        used += [child.cpu_times() for child in self._children()]
        return float(ended + sum(times.user + times.system for times in used))

    def memory_mb(self) -> float:
        """Proportional share of memory, so that what processes share is counted once."""
        everybody = [*self._roots(), *self._children()]
        return float(sum(process.memory_full_info().pss for process in everybody) / MEGABYTE)

    def _roots(self) -> list[psutil.Process]:
        return [psutil.Process(pid) for pid in self.pids]

    def _children(self) -> list[psutil.Process]:
        return [child for process in self._roots() for child in process.children(recursive=True)]


def memory_mb(groups: Iterable[Group]) -> dict[str, float]:
    """Give the memory of each group, by its name."""
    return {group.name: round(group.memory_mb(), 1) for group in groups}


def statements(log: Path, begin: int) -> int:
    """Count data statements in PostgreSQL's log from byte ``begin`` on."""
    with log.open("rb") as lines:
        lines.seek(begin)
        words = Counter(_STATEMENT.findall(lines.read().decode(errors="replace")))
    return sum(count for word, count in words.items() if word.upper() not in _FRAME)


def percentile(values: list[float], share: float) -> float:
    """Give the value below which ``share`` of the values lie."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]
