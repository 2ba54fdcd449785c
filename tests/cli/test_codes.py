from __future__ import annotations

import pytest

from ordering_platform.cli.codes import drawn
from tests.support.terminal import pictured, scanned


@pytest.mark.parametrize("link", ["http://192.168.0.17:8000/t/bdaz1t56gva9nyw085aerwxwe3", "https://x.example/t/1"])
def test_a_phone_reads_the_code_off_the_terminal(link: str) -> None:
    assert scanned(drawn(link)) == link


def test_the_code_has_its_quiet_zone() -> None:
    picture = pictured(drawn("http://127.0.0.1:8000/t/x"))
    edge = [picture.getpixel((x, y)) for x in range(picture.width) for y in range(4 * 6)]
    assert set(edge) == {255}
