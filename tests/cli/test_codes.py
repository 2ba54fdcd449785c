from __future__ import annotations

import re

import pytest
import zxingcpp
from PIL import Image

from ordering_platform.cli.codes import drawn

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


@pytest.mark.parametrize("link", ["http://192.168.0.17:8000/t/bdaz1t56gva9nyw085aerwxwe3", "https://x.example/t/1"])
def test_a_phone_reads_the_code_off_the_terminal(link: str) -> None:
    (found,) = zxingcpp.read_barcodes(pictured(drawn(link)), try_invert=False)
    assert found.text == link


def test_the_code_has_its_quiet_zone() -> None:
    picture = pictured(drawn("http://127.0.0.1:8000/t/x"))
    edge = [picture.getpixel((x, y)) for x in range(picture.width) for y in range(4 * 6)]
    assert set(edge) == {255}
