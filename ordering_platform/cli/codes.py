"""A QR code in the terminal that every reader can read: black on white, whatever the colours of the terminal."""

from __future__ import annotations

import segno

QUIET_ZONE = 4  # modules; ISO/IEC 18004 asks for four
_BLACK, _WHITE = 16, 231  # of the 256 fixed colours; the first 16 follow the theme and may be anything
_RESET = "\x1b[0m"


def drawn(link: str) -> str:
    """Draw the link, two rows of modules to a line of text."""
    matrix = [list(row) for row in segno.make(link, error="m", micro=False).matrix_iter(border=QUIET_ZONE)]
    if len(matrix) % 2:
        matrix.append([0] * len(matrix[0]))
    lines = (zip(upper, lower, strict=True) for upper, lower in zip(matrix[::2], matrix[1::2], strict=True))
    return "\n".join("".join(_pair(*pair) for pair in line) + _RESET for line in lines)


def _pair(upper: int, lower: int) -> str:
    ink = (_BLACK if upper else _WHITE, _BLACK if lower else _WHITE)
    return f"\x1b[38;5;{ink[0]};48;5;{ink[1]}m▀"
