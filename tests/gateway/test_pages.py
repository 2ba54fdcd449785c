"""The pages a browser is given: what is on them, what they may do, and what is never sent."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import ordering_platform
from ordering_platform.gateway.pages import _embedded
from ordering_platform.runtime.languages import best
from tests.support.answering import answering, whole
from tests.support.calls import Answered, call

if TYPE_CHECKING:
    from collections.abc import Callable

WEB = Path(ordering_platform.__file__).parent / "web"
LINK = json.dumps({"venue": {"name": "Café </script><b>"}, "table": {"name": "T1"}}).encode()
STRICT = {"default-src 'none'", "script-src 'self'", "style-src 'self'", "require-trusted-types-for 'script'"}


def page(gateway: Callable[..., str], answer: bytes, path: str = "/t/abc", **headers: str) -> Answered:
    with answering(lambda sock, _: sock.sendall(answer)) as order:
        return call(gateway(order_url=order.url) + path, headers=headers)


def test_the_page_behind_a_code_names_venue_and_table(gateway: Callable[..., str]) -> None:
    shown = page(gateway, whole(LINK))
    assert shown.status == 200
    assert "Café &lt;/script&gt;&lt;b&gt;" in shown.body.decode()
    assert "Table T1" in shown.body.decode()


def test_what_a_venue_is_called_cannot_end_the_script_element_it_stands_in() -> None:
    text = _embedded({"venue": "</script><script>alert(1)</script>\u2028"}, b'{"name":"<b>"}')
    assert "<" not in text
    assert "\u2028" not in text
    assert json.loads(text) == {"venue": "</script><script>alert(1)</script>\u2028", "menu": {"name": "<b>"}}


def test_pages_run_under_a_strict_policy_and_hold_no_inline_code(gateway: Callable[..., str]) -> None:
    for shown in (page(gateway, whole(LINK)), page(gateway, b"", "/docs"), page(gateway, b"", "/")):
        assert set(shown.headers["Content-Security-Policy"].split("; ")) >= STRICT
        html = shown.body.decode()
        assert re.findall(r"<script(?! type=\"(?:module|application/json)\")", html) == []
        assert re.findall(r"\s(?:style|on\w+)=", re.sub(r'<script type="application/json".*?</script>', "", html)) == []


@pytest.mark.parametrize(
    ("status", "shown", "heading"),
    [
        ("404 Not Found", 404, "No table has this code"),
        ("410 Gone", 410, "This code is no longer in use"),
        ("500 Internal Server Error", 503, "We will be right back"),
    ],
)
def test_a_code_that_leads_nowhere_gets_a_polite_page(
    gateway: Callable[..., str], status: str, shown: int, heading: str
) -> None:
    answer = page(gateway, whole(b"{}", status))
    assert answer.status == shown
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert heading in answer.body.decode()


def test_a_page_whose_service_is_away_is_polite_too(gateway: Callable[..., str]) -> None:
    answer = call(f"{gateway()}/t/abc")
    assert answer.status == 503
    assert "We will be right back" in answer.body.decode()
    assert answer.headers["Retry-After"] == "5"


def test_the_page_speaks_the_language_of_the_browser(gateway: Callable[..., str]) -> None:
    shown = page(gateway, whole(LINK), **{"Accept-Language": "fr, de-AT;q=0.9, en;q=0.1"})
    assert '<html lang="de">' in shown.body.decode()
    assert "Accept-Language" in shown.headers["Vary"]


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-CH, en", "de"),
        ("en;q=0.5, de;q=0.6", "de"),
        ("fr, es", "en"),
        ("de;q=0, en", "en"),
        ("*", "en"),
        ("de;q=banana", "en"),
    ],
)
def test_the_best_language_is_the_one_wanted_most(header: str, language: str) -> None:
    assert best(header, ("en", "de")) == language


def static_links(html: str) -> list[str]:
    return re.findall(r'(?:href|src)="(/static/[^"]+)"', html)


def test_every_file_a_page_names_is_there_and_may_be_kept_for_ever(gateway: Callable[..., str]) -> None:
    with answering(lambda sock, _: sock.sendall(whole(LINK))) as order:
        url = gateway(order_url=order.url)
        links = static_links(call(f"{url}/t/abc").body.decode())
        assert len(links) > 10
        for link in links:
            file = call(url + link)
            assert file.status == 200, link
            assert "immutable" in file.headers["Cache-Control"]


def test_a_file_under_an_older_name_is_sent_but_not_kept(gateway: Callable[..., str]) -> None:
    file = call(f"{gateway()}/static/0123456789ab/guest/main.js")
    assert file.status == 200
    assert file.headers["Cache-Control"] == "no-cache"


def test_files_come_packed_to_who_can_unpack_and_304_to_who_has_them(gateway: Callable[..., str]) -> None:
    url = f"{gateway()}/static/x/vendor/preact.js"
    packed = call(url, headers={"Accept-Encoding": "gzip"})
    assert gzip.decompress(packed.body) == (WEB / "vendor/preact.js").read_bytes()
    again = call(url, headers={"If-None-Match": packed.headers["ETag"]})
    assert (again.status, again.body) == (304, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/static/x/../../gateway/service.py",
        "/static/x/..%2f..%2fgateway%2fservice.py",
        "/static/x/%2e%2e/__init__.py",
        "/static/x//etc/passwd",
        "/static/x/guest/index.html",
        "/static/x/vendor/refresh.sh",
        "/static/x/__init__.py",
        "/static/x/nothing.js",
        "/static/",
    ],
)
def test_nothing_but_the_files_of_the_pages_can_be_fetched(gateway: Callable[..., str], path: str) -> None:
    assert call(gateway() + path).status == 404


def test_the_reference_can_be_read_without_a_script(gateway: Callable[..., str]) -> None:
    url = gateway()
    api, errors = call(f"{url}/docs").body.decode(), call(f"{url}/docs/errors").body.decode()
    document = call(f"{url}/openapi.json").json
    for path in document["paths"]:
        assert f"<code>{path}</code>" in api
    for error in document["x-errors"]:
        assert f'id="{error["code"]}"' in errors
    assert "<script" not in api + errors


def test_every_link_of_the_reference_leads_to_something_on_it(gateway: Callable[..., str]) -> None:
    url = gateway()
    api, errors = call(f"{url}/docs").body.decode(), call(f"{url}/docs/errors").body.decode()
    ids = {"/docs": set(re.findall(r' id="([^"]+)"', api)), "/docs/errors": set(re.findall(r' id="([^"]+)"', errors))}
    for html, here in ((api, "/docs"), (errors, "/docs/errors")):
        for target, anchor in re.findall(r'href="([^"#]*)#([^"]+)"', html):
            assert anchor in ids[target or here], (here, target, anchor)


def test_the_vendored_library_is_the_one_of_its_lock() -> None:
    lock = dict(line.split(" ") for line in (WEB / "vendor/vendor.lock").read_text().splitlines())
    assert hashlib.sha256((WEB / "vendor/preact.js").read_bytes()).hexdigest() == lock["sha256"]
    licences = (WEB / "vendor/LICENSES").read_text()
    assert all(f"==== {name}\n" in licences for name in lock if name not in {"sha256", "esbuild"})


@pytest.mark.parametrize("room", ["guest", "staff"])
def test_both_languages_have_the_same_words(room: str) -> None:
    english, german = (json.loads((WEB / f"{room}/words/{code}.json").read_text()) for code in ("en", "de"))
    assert english.keys() == german.keys()
    values = re.compile(r"\{\w+\}")
    for name, words in english.items():
        assert set(values.findall(str(words))) == set(values.findall(str(german[name]))), name


@pytest.mark.parametrize("room", ["guest", "staff"])
def test_every_word_a_script_asks_for_is_there(room: str) -> None:
    words = json.loads((WEB / f"{room}/words/en.json").read_text())
    asked = set()
    for script in (WEB / room).rglob("*.js"):
        asked |= set(re.findall(r'\bt\("([a-z_.]+)"', script.read_text()))
    assert asked - words.keys() == set()
    assert len(asked) > 30


def test_the_guest_page_is_small() -> None:
    scripts = [*(WEB / "guest").glob("*.js"), *(WEB / "shared").glob("*.js"), WEB / "vendor/preact.js"]
    styles = [WEB / "guest/guest.css", WEB / "shared/base.css"]
    assert sum(len(gzip.compress(one.read_bytes())) for one in scripts) <= 30 * 1024
    later = (WEB / "guest/checkout").glob("*.js")
    assert sum(len(gzip.compress(one.read_bytes())) for one in later) <= 12 * 1024
    assert sum(len(gzip.compress(one.read_bytes())) for one in styles) <= 6 * 1024


def test_no_script_puts_data_into_the_page_as_html() -> None:
    for script in (*(WEB / "guest").rglob("*.js"), *(WEB / "shared").glob("*.js"), *(WEB / "staff").glob("*.js")):
        assert (
            re.findall(
                r"innerHTML|outerHTML|insertAdjacent|dangerously|document\.write|eval\(|new Function",
                script.read_text(),
            )
            == []
        ), script
