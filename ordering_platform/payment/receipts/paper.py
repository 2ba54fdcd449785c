"""A receipt as a PDF as wide as a roll of 80 mm, in a font of our own, so that it looks the same everywhere.

ReportLab is imported with the first PDF: most processes never write one.
"""

from __future__ import annotations

import io
import unicodedata
from functools import cache
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Any, Final

from ordering_platform.payment.receipts.layout import Row, sheets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

# All in points; a point is 1/72 of an inch.
_MM: Final = 72 / 25.4
_WIDTH: Final = 80 * _MM
_MARGIN: Final = 4 * _MM
_GAP: Final = 2 * _MM
_SIZES: Final = {"plain": 9.0, "title": 13.0, "strong": 11.0, "small": 7.5, "rule": 9.0}
_LEADING: Final = 1.35
_FONT: Final = "DejaVuSans"
# Stands for what the font has no picture of.
_UNKNOWN: Final = "\N{WHITE SQUARE}"
# Marks that join or direct characters and have no picture of their own.
_INVISIBLE: Final = frozenset({"Cf", "Cc", "Mn", "Me"})


def paper(receipt: Mapping[str, Any], language: str) -> bytes:
    """Write the PDF, a page for each receipt, each as long as its text."""
    from reportlab.pdfgen.canvas import Canvas  # noqa: PLC0415  heavy, and few processes need it

    font = _font()
    written = io.BytesIO()
    canvas = Canvas(written, pageCompression=1, lang=language)
    canvas.setTitle(f"{receipt['venue']['name']} {receipt['number']}")
    for rows in sheets(receipt, language):
        lines = [line for row in rows for line in _lines(row, font)]
        height = sum(_SIZES[line.style] * _LEADING for line in lines) + 2 * _MARGIN
        canvas.setPageSize((_WIDTH, height))
        place = height - _MARGIN
        for line in lines:
            place -= _SIZES[line.style] * _LEADING
            _draw(canvas, line, place, font)
        canvas.showPage()
    canvas.save()
    return written.getvalue()


def _draw(canvas: Any, row: Row, place: float, font: Any) -> None:
    if row.style == "rule":
        canvas.setDash(2, 2)
        canvas.line(_MARGIN, place + 3, _WIDTH - _MARGIN, place + 3)
        return
    canvas.setFont(font.fontName, _SIZES[row.style])
    canvas.drawString(_MARGIN, place, row.left)
    canvas.drawRightString(_WIDTH - _MARGIN, place, row.right)


def _lines(row: Row, font: Any) -> list[Row]:
    """Break a row into as many as fit between the margins; the amount stands beside the first."""
    size = _SIZES[row.style]
    right = _drawable(row.right, font)
    room = _WIDTH - 2 * _MARGIN - (font.stringWidth(right, size) + _GAP if right else 0)
    broken = _broken(_drawable(row.left, font), room, lambda text: float(font.stringWidth(text, size)))
    return [Row(text, "" if place else right, row.style) for place, text in enumerate(broken)]


def _broken(text: str, room: float, width: Callable[[str], float]) -> list[str]:
    """Break a text at its spaces, and a word that is too long for any line wherever the line ends."""
    lines, line, used = [], "", 0.0
    space = width(" ")
    for word in text.split():
        for piece, length in _pieces(word, room, width):
            if line and used + space + length <= room:
                line, used = f"{line} {piece}", used + space + length
                continue
            if line:
                lines.append(line)
            line, used = piece, length
    return [*lines, line]


def _pieces(word: str, room: float, width: Callable[[str], float]) -> Iterator[tuple[str, float]]:
    piece, used = "", 0.0
    for character in word:
        length = width(character)
        if piece and used + length > room:
            yield piece, used
            piece, used = "", 0.0
        piece, used = piece + character, used + length
    yield piece, used


def _drawable(text: str, font: Any) -> str:
    pictures = font.face.charToGlyph
    composed = unicodedata.normalize("NFC", text)
    return "".join(
        character if ord(character) in pictures else _UNKNOWN
        for character in composed
        if unicodedata.category(character) not in _INVISIBLE
    )


@cache
def _font() -> Any:
    from reportlab.pdfbase import pdfmetrics  # noqa: PLC0415  as above
    from reportlab.pdfbase.ttfonts import TTFont  # noqa: PLC0415  as above

    with as_file(files("ordering_platform.payment.receipts") / "fonts" / f"{_FONT}.ttf") as path:
        font = TTFont(_FONT, str(path))
    pdfmetrics.registerFont(font)
    return font
