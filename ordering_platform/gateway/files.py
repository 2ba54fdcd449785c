"""The static files of the pages: read once, named by one hash of them all, so that browsers may keep them for ever."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

from ordering_platform.runtime.errors import NotFound
from ordering_platform.runtime.replies import Reply

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from importlib.resources.abc import Traversable

    from ordering_platform.runtime.request import Request

_TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json",
    "svg": "image/svg+xml",
    "html": "text/html; charset=utf-8",
    "png": "image/png",
    "webp": "image/webp",
    "webmanifest": "application/manifest+json",
}
_PACKED = frozenset({"css", "js", "json", "svg"})
_FOR_EVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class File:
    """A file as it is sent: plain, and packed where that helps."""

    media_type: str
    plain: bytes
    packed: bytes | None


class Files:
    """Everything below ``web/`` that a browser may ask for; what is not in this table does not exist."""

    def __init__(self) -> None:
        """Read all files; there are few and they are small."""
        contents = dict(_walk(files("ordering_platform.web"), ""))
        digest = hashlib.sha256()
        for path, content in sorted(contents.items()):
            digest.update(f"{path}\0{len(content)}\0".encode() + content)
        self.version = digest.hexdigest()[:12]
        self.base = f"/static/{self.version}"
        self._contents = contents
        self._files = {path: _file(path, content) for path, content in contents.items() if _is_public(path)}

    def text(self, path: str) -> str:
        """Give the text of a file."""
        return self._contents[path].decode()

    def page(self, path: str, texts: Mapping[str, str], **ready: str) -> bytes:
        """Fill a template with texts, which are escaped, and with HTML that is ready."""
        page = self.text(path).replace("{{static}}", self.base)
        for name, text in texts.items():
            page = page.replace("{{" + name + "}}", escape(text))
        for name, html in ready.items():
            page = page.replace("{{" + name + "}}", html)
        return page.encode()

    def preloads(self, folder: str) -> str:
        """Ask for the modules of a page at once, instead of one after the other as they name each other.

        Those in a folder below are fetched by the page itself when somebody needs them.
        """
        modules = [
            path
            for path in self._files
            if path.rpartition("/")[0] in {folder, "shared", "vendor"}
            and path.endswith(".js")
            and not path.endswith("/main.js")
        ]
        return "\n".join(f'<link rel="modulepreload" href="{self.base}/{path}">' for path in sorted(modules))

    def answer(self, request: Request, version: str, path: str) -> Reply:
        """Send a file; raises NotFound. One under an older name is sent too, but not to be kept."""
        file = self._files.get(path)
        if file is None:
            raise NotFound("There is nothing at this address.")
        etag = f'"{self.version}"'
        headers = [
            ("Content-Type", file.media_type),
            ("Cache-Control", _FOR_EVER if version == self.version else "no-cache"),
            ("ETag", etag),
            ("Vary", "Accept-Encoding"),
        ]
        if etag in request.headers.get("If-None-Match", ""):
            return Reply(304, headers)
        if file.packed is not None and "gzip" in request.headers.get("Accept-Encoding", ""):
            return Reply(200, [*headers, ("Content-Encoding", "gzip")], file.packed)
        return Reply(200, headers, file.plain)


def packed(content: bytes) -> bytes:
    """Pack bytes; the same ones always to the same result."""
    return gzip.compress(content, 6, mtime=0)


def _file(path: str, content: bytes) -> File:
    ending = path.rpartition(".")[2]
    return File(_TYPES[ending], content, packed(content) if ending in _PACKED else None)


def _is_public(path: str) -> bool:
    return path.rpartition(".")[2] in _TYPES and not path.endswith(".html")


def _walk(folder: Traversable, prefix: str) -> Iterator[tuple[str, bytes]]:
    for entry in folder.iterdir():
        path = prefix + entry.name
        if entry.is_dir():
            yield from _walk(entry, f"{path}/")
        elif path.rpartition(".")[2] in _TYPES:
            yield path, entry.read_bytes()
