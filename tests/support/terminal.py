"""A terminal with a person before it: what a phone reads off it, and what Ctrl+C does."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import zxingcpp
from eventlet.patcher import original
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_CELL = re.compile(r"\x1b\[38;5;(\d+);48;5;(\d+)m▀")
_BLACK = 16


def pictured(text: str) -> Image.Image:
    """Paint what a terminal of any theme shows: the colours are fixed, each cell is two modules high."""
    rows: list[list[int]] = []
    for line in text.splitlines():
        cells = _CELL.findall(line)
        rows += [[0 if int(one[half]) == _BLACK else 255 for one in cells] for half in (0, 1)]
    picture = Image.new("L", (len(rows[0]), len(rows)))
    picture.putdata([module for row in rows for module in row])
    return picture.resize((len(rows[0]) * 6, len(rows) * 6), Image.Resampling.NEAREST)


def scanned(text: str) -> str:
    """Read the code off a terminal with a reader that does not try inverted colours."""
    (found,) = zxingcpp.read_barcodes(pictured(text), try_invert=False)
    return str(found.text)


@dataclass
class Terminal:
    """A program at a terminal."""

    process: subprocess.Popen[bytes]
    handle: int
    shown: bytes = b""

    @property
    def text(self) -> str:
        """What the screen has shown so far."""
        return self.shown.decode(errors="ignore").replace("\r\n", "\n")

    def read_until(self, words: str, seconds: float = 60.0) -> str:
        """Read the screen until these words have been shown, and give all of it."""
        until = time.monotonic() + seconds
        while words not in self.text:
            ready, _, _ = original("select").select([self.handle], [], [], 0.5)
            assert time.monotonic() < until, self.text
            if ready:
                self.shown += os.read(self.handle, 65536)
        return self.text

    def press(self, keys: str) -> None:
        """Type something; ``\\x03`` is Ctrl+C."""
        os.write(self.handle, keys.encode())


@contextmanager
def at_a_terminal(words: Sequence[str], environ: Mapping[str, str]) -> Iterator[Terminal]:
    """Run a program with a terminal of its own, which it leads."""
    mine, its = pty.openpty()
    process = subprocess.Popen(words, stdin=its, stdout=its, stderr=its, env=environ, start_new_session=True)
    os.close(its)
    try:
        yield Terminal(process, mine)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(20)
        os.close(mine)
