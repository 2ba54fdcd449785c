"""The pages as HTML: the table's page with what it shows at once, and polite ones for what cannot be shown."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ordering_platform.gateway import reference
from ordering_platform.gateway.docs import Docs
from ordering_platform.gateway.files import Files, packed
from ordering_platform.runtime.errors import DomainError, NotFound
from ordering_platform.runtime.languages import best
from ordering_platform.runtime.replies import JSON, Reply

if TYPE_CHECKING:
    from ordering_platform.gateway.forwarding import Services
    from ordering_platform.runtime.config import Settings
    from ordering_platform.runtime.request import Request

LANGUAGES = ("en", "de")
BOARDS = ("kitchen", "floor")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'"
)
HTML = [
    ("Content-Type", "text/html; charset=utf-8"),
    ("Content-Security-Policy", POLICY),
    ("Permissions-Policy", "camera=(), microphone=(), geolocation=()"),
    ("Cache-Control", "private, no-cache"),
]
_ALONE = ("Cross-Origin-Opener-Policy", "same-origin")

_NOTICES = {
    404: {
        "en": ("No table has this code", "Please scan the code on your table again, or ask the staff."),
        "de": (
            "Diesen Code hat kein Tisch",
            "Bitte scannen Sie den Code am Tisch noch einmal oder fragen Sie das Personal.",
        ),
    },
    410: {
        "en": ("This code is no longer in use", "Please ask the staff; they have a new one for your table."),
        "de": ("Dieser Code gilt nicht mehr", "Bitte fragen Sie das Personal; es hat einen neuen für Ihren Tisch."),
    },
    503: {
        "en": (
            "We will be right back",
            "The menu cannot be shown just now. Please load the page again in a moment, or ask the staff.",
        ),
        "de": (
            "Wir sind gleich wieder da",
            "Die Karte lässt sich gerade nicht zeigen. Bitte laden Sie gleich neu oder fragen Sie das Personal.",
        ),
    },
}
_NO_SCRIPT = {
    "en": "This page needs JavaScript. The staff will gladly take your order.",
    "de": "Diese Seite braucht JavaScript. Das Personal nimmt Ihre Bestellung gern auf.",
}
_NO_SCRIPT_FOR_STAFF = {
    "en": "This page needs JavaScript. Please switch it on in the settings of this browser.",
    "de": "Diese Seite braucht JavaScript. Bitte schalten Sie es in den Einstellungen dieses Browsers ein.",
}


class Pages:
    """The pages of this platform."""

    def __init__(self, settings: Settings) -> None:
        """Read templates and files."""
        # On an origin that is not secure browsers ignore the second header, and complain.
        self._headers = [*HTML, _ALONE] if settings.public_url.startswith("https://") else HTML
        self.files = Files()
        self._docs = Docs(self.files)
        self._words = {page: self._catalogues(page) for page in ("guest", "staff")}

    def table(self, request: Request, code: str, services: Services) -> Reply:
        """Show the page behind the code on a table, or say politely why there is none."""
        language = best(request.headers.get("Accept-Language", ""), LANGUAGES)
        status, found = _look_up(request, services, code)
        if found is None:
            return self._notice(request, status if status in _NOTICES else 503, language)
        link = json.loads(found)
        _, menu = _look_up(request, services, f"{code}/menu", f"language={language}")
        venue, name = link["venue"]["name"], link["table"]["name"]
        table = self._words["guest"][language]["table"].replace("{name}", name)
        boot = {
            "code": code,
            "venue": venue,
            "table": name,
            "language": language,
            "languages": LANGUAGES,
            "words": self._words["guest"][language],
            "static": self.files.base,
        }
        texts = {
            "language": language,
            "title": f"{venue} · {table}",
            "venue": venue,
            "table": table,
            "noscript": _NO_SCRIPT[language],
        }
        html = self.files.page(
            "guest/index.html", texts, boot=_embedded(boot, menu or b"null"), preloads=self.files.preloads("guest")
        )
        return self._html(request, html)

    def staff(self, request: Request, page: str) -> Reply:
        """Show a board of the staff; who may see what is on it is asked by the page itself. Raises NotFound."""
        if page not in BOARDS:
            raise NotFound("There is nothing at this address.")
        language = best(request.headers.get("Accept-Language", ""), LANGUAGES)
        words = self._words["staff"][language]
        boot = {"page": page, "language": language, "languages": LANGUAGES, "words": words, "static": self.files.base}
        texts = {"language": language, "title": words[page], "noscript": _NO_SCRIPT_FOR_STAFF[language]}
        html = self.files.page("staff/index.html", texts, boot=_embedded(boot), preloads=self.files.preloads("staff"))
        return self._html(request, html)

    def home(self, request: Request) -> Reply:
        """Show where to go from here."""
        return self._html(request, self.files.page("shared/home.html", {}))

    def docs(self, request: Request) -> Reply:
        """Show every door of the API."""
        return self._html(request, self._docs.api)

    def docs_errors(self, request: Request) -> Reply:
        """Show every error."""
        return self._html(request, self._docs.errors)

    def openapi(self, request: Request) -> Reply:
        """Send the OpenAPI document as it was committed."""
        return _packed(
            request, Reply(200, [("Content-Type", JSON), ("Cache-Control", "no-cache")], reference.published())
        )

    def _catalogues(self, page: str) -> dict[str, Any]:
        return {code: json.loads(self.files.text(f"{page}/words/{code}.json")) for code in LANGUAGES}

    def _notice(self, request: Request, status: int, language: str) -> Reply:
        title, text = _NOTICES[status][language]
        page = self.files.page("shared/notice.html", {"language": language, "title": title, "text": text})
        reply = self._html(request, page, status)
        if status == HTTPStatus.SERVICE_UNAVAILABLE:
            reply.headers.append(("Retry-After", "5"))
        return reply

    def _html(self, request: Request, page: bytes, status: int = 200) -> Reply:
        return _packed(request, Reply(status, list(self._headers), page))


def _packed(request: Request, reply: Reply) -> Reply:
    reply.headers.append(("Vary", "Accept-Language, Accept-Encoding"))
    if "gzip" in request.headers.get("Accept-Encoding", "") and isinstance(reply.body, bytes):
        reply.headers.append(("Content-Encoding", "gzip"))
        reply.body = packed(reply.body)
    return reply


def _embedded(boot: dict[str, Any], menu: bytes | None = None) -> str:
    """Write what the page begins with as JSON that can stand inside a script element whatever it contains."""
    text = json.dumps(boot, ensure_ascii=False, separators=(",", ":"))
    if menu is not None:
        text = f'{text[:-1]},"menu":{menu.decode()}}}'
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _look_up(request: Request, services: Services, path: str, query: str = "") -> tuple[int, bytes | None]:
    """Give what a printed link leads to, or the status that says why there is nothing."""
    asked = {
        "REQUEST_METHOD": "GET",
        "RAW_URI": f"/v1/table-links/{quote(path)}{'?' if query else ''}{query}",
        "PATH_INFO": f"/v1/table-links/{path}",
        "QUERY_STRING": query,
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_LENGTH": 0,
        "REMOTE_ADDR": request.remote_addr,
        "HTTP_X_FORWARDED_FOR": request.remote_addr,
        "HTTP_X_REQUEST_ID": request.request_id,
    }
    try:
        answer = services.ask("order", asked)
    except DomainError as error:
        return int(error.status), None
    return answer.status, answer.body if answer.status == HTTPStatus.OK and isinstance(answer.body, bytes) else None
