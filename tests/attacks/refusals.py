"""What a refusal looks like, to the letter: the same for every door and every fault."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from ordering_platform.runtime.problems import CATALOGUE
from ordering_platform.runtime.replies import PROBLEM

if TYPE_CHECKING:
    from tests.support.http import Response

_PAGE = Path(__file__).parents[2] / "docs" / "reference" / "errors.md"
_SECTION = re.compile(r"^## (\d+) .*?\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
#: Every code of the committed catalogue with its status.
KNOWN = {
    (int(status), code)
    for status, body in _SECTION.findall(_PAGE.read_text())
    for code in re.findall(r"^\| `(\w+)` \|", body, re.MULTILINE)
}
_FIELDS = {"type", "title", "status", "detail", "instance", "code", "request_id"}
_MORE = {"errors", "details"}
_URI = "/:@!$&'()*+,;=~"
_INSIDE = re.compile(
    r"Traceback|psycopg|sqlalchemy|werkzeug|marshmallow|\.py\b|\bSELECT\b|\bINSERT\b|\bUPDATE\b|\bFROM\b"
)


def check(answer: Response, path: str, status: int, code: str = "") -> dict[str, Any]:
    """Fail unless this is the refusal it should be; gives its document. Without ``code`` any known one will do."""
    assert answer.status == status, f"{answer.status} instead of {status}: {answer.body[:300]!r}"
    assert answer.headers["content-type"] == PROBLEM, answer.headers
    assert answer.headers["cache-control"] == "no-store", answer.headers
    document: dict[str, Any] = answer.json
    assert set(document) - _MORE == _FIELDS, document
    assert (status, document["code"]) in KNOWN, f"{document['code']} is not in the catalogue under {status}"
    assert not code or document["code"] == code, f"{document['code']} instead of {code}: {document}"
    assert document["status"] == status, document
    assert document["type"] == f"{CATALOGUE}#{document['code']}", document
    assert _same_path(document["instance"], path.partition("?")[0]), document
    assert document["request_id"] == answer.headers["x-request-id"], document
    assert not _INSIDE.search(answer.body.decode()), answer.body
    for fault in document.get("errors", []):
        assert set(fault) == {"pointer", "code", "message"}, fault
    _check_headers(answer, document["code"])
    return document


def _same_path(instance: str, path: str) -> bool:
    return unquote(instance) == unquote(path) and quote(unquote(instance), safe=_URI) == instance


def _check_headers(answer: Response, code: str) -> None:
    challenge = {"invalid_token": 'Bearer error="invalid_token"'}.get(code, "Bearer")
    assert answer.headers.get("www-authenticate") == (challenge if answer.status == 401 else None), answer.headers
    assert ("allow" in answer.headers) == (answer.status == 405), answer.headers
    assert ("retry-after" in answer.headers) or answer.status not in {429, 503}, answer.headers
