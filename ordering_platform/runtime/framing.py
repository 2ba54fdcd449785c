"""Reads the head of an HTTP/1 request strictly: what could be understood in two ways is refused.

Nothing here touches a socket. RFC 9112 leaves a server some leniency (bare line feeds, folded lines,
repeated lengths); we take none of it, because every leniency has been somebody's request smuggling.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from ordering_platform.runtime.errors import (
    HeadersTooLarge,
    LengthRequired,
    MalformedRequest,
    NotImplementedHere,
    PayloadTooLarge,
    UriTooLong,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_LINE = 8192
MAX_HEAD = 65536
MAX_HEADERS = 100
END = b"\r\n\r\n"

_MAX_NAMES = 512
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_FORBIDDEN = bytes(byte for byte in (*range(32), 127) if byte not in b"\t\r\n")
_HOST = re.compile(r"[A-Za-z0-9._:\[\]~%-]{1,255}")
_LENGTH = re.compile(r"[0-9]{1,18}")
_TARGET = re.compile(r"[\x21-\x7e\x80-\xff]+")
_ABSOLUTE = re.compile(r"https?://[^/?#]*", re.IGNORECASE)
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
_SINGLE = frozenset({"HTTP_HOST", "HTTP_AUTHORIZATION", "CONTENT_LENGTH", "CONTENT_TYPE", "HTTP_IDEMPOTENCY_KEY"})

_keys: dict[str, str] = {}


class HttpVersionNotSupported(NotImplementedHere):
    """This server speaks HTTP/1.0 and HTTP/1.1."""

    status = HTTPStatus.HTTP_VERSION_NOT_SUPPORTED


def looks_like_http(start: bytes | bytearray) -> bool:
    """Whether the first byte can begin a request; a TLS hello, for one, cannot."""
    return start[:1].isalpha()


def read_head(head: bytes) -> dict[str, Any]:
    """Turn the head (without its blank line) into an environ: WSGI's names, ``PATH_INFO`` as plain text.

    Raises MalformedRequest, UriTooLong, HeadersTooLarge, LengthRequired or NotImplementedHere; the
    length of the body is under ``CONTENT_LENGTH`` as a number.
    """
    line, _, fields = head.partition(b"\r\n")
    if len(line) > MAX_LINE:
        raise UriTooLong
    if not _is_clean(head):
        raise MalformedRequest
    environ = _request_line(line.decode("latin-1"))
    if fields:
        _headers(environ, fields.decode("latin-1").split("\r\n"))
    _check_host(environ)
    environ["CONTENT_LENGTH"] = _body_length(environ)
    return environ


def _is_clean(head: bytes) -> bool:
    lines = head.count(b"\r\n")
    return len(head.translate(None, _FORBIDDEN)) == len(head) and head.count(b"\r") == lines == head.count(b"\n")


def _request_line(line: str) -> dict[str, Any]:
    words = line.split(" ")
    if len(words) != 3 or not _TOKEN.fullmatch(words[0]) or not _TARGET.fullmatch(words[1]):  # noqa: PLR2004  method, target, version
        raise MalformedRequest
    method, target, version = words
    if version not in {"HTTP/1.1", "HTTP/1.0"}:
        raise HttpVersionNotSupported if version.startswith("HTTP/") else MalformedRequest
    if absolute := _ABSOLUTE.match(target):
        target = target[absolute.end() :] or "/"
    path, _, query = target.partition("?")
    return {
        "REQUEST_METHOD": method,
        "RAW_URI": target,
        "PATH_INFO": _path(path, method),
        "QUERY_STRING": query,
        "SERVER_PROTOCOL": version,
    }


def _path(quoted: str, method: str) -> str:
    if "%" not in quoted and quoted.isascii():
        path = quoted
    else:
        raw = unquote_to_bytes(quoted.encode("latin-1"))
        if _CONTROL.search(raw):
            raise MalformedRequest
        try:
            path = raw.decode()
        except UnicodeDecodeError:
            raise MalformedRequest from None
    # The authority form of CONNECT and the asterisk form of OPTIONS name nothing we have.
    if not path.startswith("/") and method not in {"CONNECT", "OPTIONS"}:
        raise MalformedRequest
    return path


def _headers(environ: dict[str, Any], lines: Iterable[str]) -> None:
    count = 0
    for line in lines:
        count += 1
        if count > MAX_HEADERS or len(line) > MAX_LINE:
            raise HeadersTooLarge
        name, colon, value = line.partition(":")
        if not colon:
            raise MalformedRequest
        key = _keys.get(name) or _key(name)
        value = value.strip(" \t")
        if key not in environ:
            environ[key] = value
        elif key in _SINGLE:
            raise MalformedRequest
        elif "_" in name:
            # X_Role would land on X-Role, so a name with an underscore never joins or replaces another.
            continue
        else:
            environ[key] += ("; " if key == "HTTP_COOKIE" else ",") + value


def _key(name: str) -> str:
    if not _TOKEN.fullmatch(name):
        raise MalformedRequest
    key = name.upper().replace("-", "_")
    if "_" in name:
        key = "DROPPED_" + key
    elif key not in {"CONTENT_TYPE", "CONTENT_LENGTH"}:
        key = "HTTP_" + key
    if len(_keys) < _MAX_NAMES:
        _keys[name] = key
    return key


def _check_host(environ: dict[str, Any]) -> None:
    host = environ.get("HTTP_HOST")
    if host is None:
        if environ["SERVER_PROTOCOL"] == "HTTP/1.1":
            raise MalformedRequest
    elif not _HOST.fullmatch(host):
        raise MalformedRequest


def _body_length(environ: dict[str, Any]) -> int:
    coding = environ.get("HTTP_TRANSFER_ENCODING")
    length = environ.get("CONTENT_LENGTH")
    if coding is not None:
        if length is not None or environ["SERVER_PROTOCOL"] == "HTTP/1.0":
            raise MalformedRequest
        raise LengthRequired if coding.lower() == "chunked" else NotImplementedHere
    if length is None:
        return 0
    if length.isascii() and length.isdigit() and not _LENGTH.fullmatch(length):
        raise PayloadTooLarge
    if not _LENGTH.fullmatch(length):
        raise MalformedRequest
    return int(length)
