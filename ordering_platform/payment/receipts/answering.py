"""Answers who has the link of a receipt with what they asked for: JSON, a page, or a PDF."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ordering_platform.payment.receipts.page import POLICY, page
from ordering_platform.payment.receipts.paper import paper
from ordering_platform.payment.receipts.series import PATH
from ordering_platform.payment.receipts.showing import behind
from ordering_platform.payment.receipts.wording import LANGUAGES
from ordering_platform.runtime.languages import best
from ordering_platform.runtime.offloop import Lane
from ordering_platform.runtime.reading import preferred
from ordering_platform.runtime.request import Answer

if TYPE_CHECKING:
    from ordering_platform.payment.till import Till
    from ordering_platform.runtime.request import Request

_JSON, _HTML, _PDF = "application/json", "text/html", "application/pdf"
PRODUCED: Final = (_HTML, _PDF)
# Nobody keeps a copy on the way, and no search engine finds it.
_HEADERS: Final = {"Cache-Control": "private, no-store", "X-Robots-Tag": "noindex", "Vary": "Accept, Accept-Language"}
_ENDING: Final = ".pdf"
# Drawing takes a core for some hundredths of a second.
_drawing: Final = Lane("receipts", at_once=2, waiting=20)


def answer(till: Till, request: Request, token: str) -> Answer:
    """Give a receipt in the form and the language the client prefers; raises ReceiptNotFound and Overloaded."""
    found = behind(till, token.removesuffix(_ENDING))
    language = best(request.headers.get("Accept-Language", ""), LANGUAGES)
    wanted = preferred(request.headers.get("Accept"), (_JSON, *PRODUCED))
    if token.endswith(_ENDING) or wanted == _PDF:
        name = f"{found['number']}.pdf"
        headers = {"Content-Type": _PDF, "Content-Disposition": f'inline; filename="{name}"'}
        return Answer(_drawing.run(paper, found, language), headers={**_HEADERS, **headers})
    if wanted == _HTML:
        html = page(found, language, f"{PATH}{token}{_ENDING}")
        headers = {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": POLICY}
        return Answer(html, headers={**_HEADERS, **headers})
    return Answer(found, headers=dict(_HEADERS))
