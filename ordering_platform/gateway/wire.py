"""How a service's answer reads on the wire: its head, and what frames its body. Nothing here touches a socket."""

from __future__ import annotations

import re
from dataclasses import dataclass

END = b"\r\n\r\n"
MAX_HEAD = 65536
MAX_LINE = 8192
CHUNKED, UNTIL_CLOSE = -1, -2

_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9]{2})(?: [^\r\n]*)?")
_FIELD_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_LENGTH = re.compile(r"[0-9]{1,15}")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})(?:[ \t]*;[^\r\n]*)?")
_BODYLESS = frozenset({204, 304})
# RFC 9110, 7.6.1 and RFC 9112, 9: they speak of one connection and end with it. The last three we write ourselves.
_ONE_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "content-length",
        "date",
        "x-request-id",
    }
)
_FRAMING = frozenset({"content-length", "transfer-encoding"})


class UnreadableAnswer(ValueError):
    """The other side did not speak HTTP/1 as agreed."""


@dataclass(slots=True)
class Head:
    """Status and headers to pass on; ``length`` is the body's, or CHUNKED or UNTIL_CLOSE; ``keeps`` the connection."""

    status: int
    headers: list[tuple[str, str]]
    length: int
    keeps: bool


def read_head(raw: bytes) -> Head:
    """Read the head of an answer, without its blank line; raises UnreadableAnswer."""
    line, _, fields = raw.partition(b"\r\n")
    match = _STATUS_LINE.fullmatch(line)
    if match is None:
        raise UnreadableAnswer("the status line is none")
    status = int(match[2])
    headers, hop = _fields(fields.decode("latin-1"))
    keeps = match[1] == b"1" and "close" not in hop.get("connection", "").lower()
    length = 0 if status in _BODYLESS else _length(hop)
    return Head(status, headers, length, keeps and length != UNTIL_CLOSE)


def _fields(text: str) -> tuple[list[tuple[str, str]], dict[str, str]]:
    passed: list[tuple[str, str]] = []
    hop: dict[str, str] = {}
    for line in text.split("\r\n") if text else ():
        name, colon, value = line.partition(":")
        if not colon or not _FIELD_NAME.fullmatch(name):
            raise UnreadableAnswer("a header line is none")
        value = value.strip(" \t")
        key = name.lower()
        if key not in _ONE_HOP:
            passed.append((name, value))
        elif hop.setdefault(key, value) != value and key in _FRAMING:
            raise UnreadableAnswer(f"two different {key} headers")
    return passed, hop


def _length(hop: dict[str, str]) -> int:
    coding = hop.get("transfer-encoding")
    length = hop.get("content-length")
    if coding is not None:
        if coding.lower() != "chunked" or length is not None:
            raise UnreadableAnswer("the body has no clear end")
        return CHUNKED
    if length is None:
        return UNTIL_CLOSE
    if not _LENGTH.fullmatch(length):
        raise UnreadableAnswer("the length is no number")
    return int(length)


def chunk_size(line: bytes) -> int:
    """Read the line before a chunk; raises UnreadableAnswer."""
    match = _CHUNK_SIZE.fullmatch(line)
    if match is None:
        raise UnreadableAnswer("a chunk without a size")
    return int(match[1], 16)
