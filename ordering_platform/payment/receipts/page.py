"""A receipt as a page: no script, one style sheet inside, and it prints on a roll of 80 mm as on a sheet."""

from __future__ import annotations

import base64
import hashlib
from html import escape
from typing import TYPE_CHECKING, Any, Final

from ordering_platform.payment.receipts.layout import sheets
from ordering_platform.payment.receipts.wording import WORDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ordering_platform.payment.receipts.layout import Row

_STYLE: Final = """
:root { color-scheme: light }
body { margin: 0; background: #f4f1ec; color: #111; font: 16px/1.4 system-ui, sans-serif }
main { max-width: 72mm; margin: 4mm auto }
article { background: #fff; padding: 4mm; margin-bottom: 4mm; overflow-wrap: anywhere }
h1 { font-size: 1.3em; margin: 0 }
p { margin: 0 }
.row { display: flex; justify-content: space-between; gap: 3mm }
.row > :last-child { text-align: end; white-space: nowrap; font-variant-numeric: tabular-nums }
.row > :only-child { text-align: start; white-space: normal }
.strong { font-weight: bold; font-size: 1.1em }
.small { font-size: .85em }
hr { border: 0; border-top: 1px dashed #555; margin: 2mm 0 }
a { color: #0b4f6c; display: inline-block; min-height: 44px; padding: 0 4mm }
@media print {
  @page { margin: 4mm }
  body { background: #fff; font-size: 10pt }
  main { margin: 0 }
  article { padding: 0; break-inside: avoid-page }
  article + article { break-before: page }
  nav { display: none }
}
"""
_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def page(receipt: Mapping[str, Any], language: str, pdf: str) -> bytes:
    """Write the page; ``pdf`` is the address of the same receipt as a PDF. Every text in it is escaped."""
    words = WORDS[language]
    articles = "".join(f"<article>{''.join(map(_row, rows))}</article>" for rows in sheets(receipt, language))
    title = escape(f"{words['sale']} {receipt['number']} · {receipt['venue']['name']}")
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="robots" content="noindex"><title>{title}</title><style>{_STYLE}</style></head>'
        f'<body><main>{articles}<nav><a href="{escape(pdf)}">{words["pdf"]}</a></nav></main></body></html>'
    ).encode()


def _row(row: Row) -> str:
    left = escape(row.left)
    if row.style == "rule":
        return "<hr>"
    if row.style == "title":
        return f"<h1>{left}</h1>"
    right = f"<span>{escape(row.right)}</span>" if row.right else ""
    return f'<p class="row {row.style}"><span dir="auto">{left}</span>{right}</p>'
