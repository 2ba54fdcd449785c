"""Whatever bytes arrive as a head, they are read one way or refused; nothing else happens."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordering_platform.runtime.errors import DomainError
from ordering_platform.runtime.framing import read_head

PIECES = st.sampled_from(
    b"GET|POST| |/|/cakes|%00|%ff|%|?|#|HTTP/1.1|HTTP/1.0|\r\n|\n|\r|:|Host: x|Content-Length: 5|Content-Length: 0|"
    b"Transfer-Encoding: chunked|\t|\0|http://|\xff|X_Y: 1|,|*".split(b"|")
)


def refused(head: bytes) -> bool:
    try:
        environ = read_head(head)
    except DomainError:
        return True
    assert environ["CONTENT_LENGTH"] >= 0
    assert environ["SERVER_PROTOCOL"] in {"HTTP/1.0", "HTTP/1.1"}
    assert "\0" not in environ["PATH_INFO"]
    return False


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(head: bytes) -> None:
    refused(head)


@given(st.lists(PIECES, max_size=25).map(b"".join))
def test_any_mixture_of_pieces_of_http_is_read_or_refused(head: bytes) -> None:
    refused(head)


@given(st.lists(PIECES, max_size=10).map(b"".join))
def test_a_head_with_a_length_and_a_coding_is_never_read(junk: bytes) -> None:
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n" + junk + b"\r\nTransfer-Encoding: chunked"
    assert refused(head)


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        (b"/a?b=c", "/a", "b=c"),
        (b"/a%3Fb?c", "/a?b", "c"),
        (b"/a+b", "/a+b", ""),
        (b"/%E2%82%AC", "/\u20ac", ""),
        (b"http://x", "/", ""),
        (b"HTTPS://x/a?b", "/a", "b"),
    ],
)
def test_a_target_is_split_and_unquoted_once(target: bytes, path: str, query: str) -> None:
    environ = read_head(b"GET " + target + b" HTTP/1.1\r\nHost: x")
    assert (environ["PATH_INFO"], environ["QUERY_STRING"]) == (path, query)


def test_cookies_and_lists_sent_twice_are_joined_each_in_its_way() -> None:
    head = b"GET / HTTP/1.1\r\nHost: x\r\nCookie: a=1\r\nCookie: b=2\r\nAccept: a/b\r\nAccept: c/d"
    environ = read_head(head)
    assert (environ["HTTP_COOKIE"], environ["HTTP_ACCEPT"]) == ("a=1; b=2", "a/b,c/d")
