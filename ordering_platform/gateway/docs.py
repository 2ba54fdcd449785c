"""The reference as pages for people, without a script: every door of the API, and every error."""

from __future__ import annotations

import json
from collections import defaultdict
from functools import cached_property
from html import escape
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from ordering_platform.gateway import reference

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ordering_platform.gateway.files import Files

_JSON = "application/json"
_METHODS = ("get", "post", "put", "patch", "delete")


class Docs:
    """The pages of the reference, made when somebody first asks for one."""

    def __init__(self, files: Files) -> None:
        """Take the templates and the names of the static files."""
        self._files = files

    @cached_property
    def _document(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(reference.published())
        return document

    @cached_property
    def api(self) -> bytes:
        """The page of all doors."""
        document = self._document
        operations: defaultdict[str, list[str]] = defaultdict(list)
        links: defaultdict[str, list[str]] = defaultdict(list)
        for path, methods in document["paths"].items():
            for method in _METHODS:
                if operation := methods.get(method):
                    tag = operation["tags"][0]
                    operations[tag].append("".join(_operation(method, path, operation, document)))
                    links[tag].append(_link(method, path, operation))
        sections = "".join(
            f'<section id="{tag["name"]}"><h2>{escape(tag["name"])}</h2><p>{escape(tag["description"])}</p>'
            f"{''.join(operations[tag['name']])}</section>"
            for tag in document["tags"]
        )
        contents = "".join(
            f'<li><a href="#{tag["name"]}">{escape(tag["name"])}</a><ul>{"".join(links[tag["name"]])}</ul></li>'
            for tag in document["tags"]
        )
        welcome = f"<p>{_marked(document['info']['description'])}</p>"
        return self._page("API reference", f"<ul>{contents}</ul>", welcome + sections)

    @cached_property
    def errors(self) -> bytes:
        """The page of all errors; a problem document names its entry as ``type``."""
        by_status: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
        for error in self._document["x-errors"]:
            by_status[error["status"]].append(error)
        seen: set[str] = set()
        body = "".join(_errors(status, errors, seen) for status, errors in sorted(by_status.items()))
        contents = "".join(
            f'<li><a href="#s{status}">{status} {_phrase(status)}</a></li>' for status in sorted(by_status)
        )
        intro = "<p>Programs compare <code>code</code>, which is stable. People read <code>detail</code>.</p>"
        return self._page("Errors", f"<ul>{contents}</ul>", intro + body)

    def _page(self, title: str, contents: str, body: str) -> bytes:
        texts = {"title": title, "version": self._document["info"]["version"]}
        return self._files.page("shared/docs.html", texts, contents=contents, body=body)


def _link(method: str, path: str, operation: dict[str, Any]) -> str:
    return (
        f'<li><a href="#{operation["operationId"]}"><span class="method">{method.upper()}</span> '
        f"<code>{escape(path)}</code></a></li>"
    )


def _operation(method: str, path: str, operation: dict[str, Any], document: dict[str, Any]) -> Iterator[str]:
    yield f'<article id="{operation["operationId"]}"><h3>{escape(operation["summary"])}</h3>'
    yield f'<p class="address"><span class="method">{method.upper()}</span> <code>{escape(path)}</code></p>'
    yield f"<p>{_marked(operation['description'])}</p>"
    if parameters := operation.get("parameters"):
        yield _parameters(parameters)
    content = operation.get("requestBody", {}).get("content", {}).get(_JSON, {})
    if "$ref" in content.get("schema", {}):
        yield _fields("Body", content["schema"], document)
    yield f"<pre><code>{escape(_curl(method, path, operation, content.get('example')))}</code></pre>"
    yield from _answers(operation["responses"], document)
    yield "</article>"


def _parameters(parameters: list[dict[str, Any]]) -> str:
    rows = [
        (
            _named(one["name"], needed=one.get("required", False)),
            one["in"],
            _type(one["schema"]),
            one.get("description"),
        )
        for one in parameters
    ]
    return _table(("Parameter", "In", "Type", "Meaning"), rows)


def _fields(title: str, schema: dict[str, Any], document: dict[str, Any]) -> str:
    described = _resolved(schema, document)
    required = described.get("required", ())
    asks = described.get("additionalProperties") is False
    rows = [
        (_named(name, needed=asks and name in required), _type(one), one.get("description"))
        for name, one in described.get("properties", {}).items()
    ]
    return _table((title, "Type", "Meaning"), rows)


def _named(name: str, *, needed: bool) -> str:
    return f"<code>{escape(name)}</code>{' <strong>required</strong>' if needed else ''}"


def _table(titles: tuple[str, ...], rows: list[tuple[Any, ...]]) -> str:
    """Write a table; the last column, which is plain text, is left out where it says nothing."""
    if not any(row[-1] for row in rows):
        titles, rows = titles[:-1], [row[:-1] for row in rows]
    else:
        rows = [(*row[:-1], escape(row[-1] or "")) for row in rows]
    head = "".join(f"<th>{title}</th>" for title in titles)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead>{body}</table>"


def _answers(responses: dict[str, Any], document: dict[str, Any]) -> Iterator[str]:
    refusals = []
    for status, response in responses.items():
        if int(status) < HTTPStatus.BAD_REQUEST:
            yield f'<p class="answer"><strong>{status}</strong> {escape(response["description"])}</p>'
            schema = response.get("content", {}).get(_JSON, {}).get("schema", {})
            if "$ref" in schema:
                yield _fields("Answer", schema, document)
        else:
            refusals += [
                f'<a href="/docs/errors#{code}"><code>{code}</code></a>' for code in _codes(response, document)
            ]
    yield f'<details><summary>Errors</summary><p class="codes">{" ".join(refusals)}</p></details>'


def _codes(response: dict[str, Any], document: dict[str, Any]) -> list[str]:
    (content,) = _resolved(response, document)["content"].values()
    codes: list[str] = content["schema"]["properties"]["code"]["enum"]
    return codes


def _resolved(thing: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in thing or not thing["$ref"].startswith("#/"):
        return thing
    found: Any = document
    for step in thing["$ref"][2:].split("/"):
        found = found[step]
    return found  # type: ignore[no-any-return]  # what a reference leads to is an object


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return escape(schema["$ref"].rpartition("/")[2])
    if "anyOf" in schema:
        return " or ".join(_type(one) for one in schema["anyOf"])
    kind = schema.get("type", "any")
    shown = " or ".join(kind) if isinstance(kind, list) else kind
    if kind == "array":
        shown = f"list of {_type(schema['items'])}"
    if "enum" in schema:
        shown = ", ".join(f"<code>{escape(str(one))}</code>" for one in schema["enum"])
    bounds = [str(schema[name]) for name in ("minimum", "maximum") if name in schema]
    return f"{shown}{' ' + ' to '.join(bounds) if len(bounds) > 1 else ''}"


def _curl(method: str, path: str, operation: dict[str, Any], example: Any) -> str:
    lines = [f"curl $URL{path}" if method == "get" else f"curl -X {method.upper()} $URL{path}"]
    if operation["security"]:
        lines.append('-H "Authorization: Bearer $TOKEN"')
    headers = [one for one in operation.get("parameters", ()) if one["in"] == "header"]
    lines += [f'-H "{one["name"]}: {one["example"]}"' for one in headers]
    if example is not None:
        lines += ["-H 'Content-Type: application/json'", f"-d '{json.dumps(example, ensure_ascii=False)}'"]
    return " \\\n  ".join(lines)


def _errors(status: int, errors: list[dict[str, Any]], seen: set[str]) -> str:
    rows = []
    for error in errors:
        code = error["code"]
        # Two services may refuse the same thing in their own words; the address leads to the first.
        anchor = "" if code in seen else f' id="{code}"'
        seen.add(code)
        rows.append(
            f"<tr{anchor}><td><code>{code}</code></td><td>{escape(error['meaning'])}</td>"
            f"<td>{escape(error['service'])}</td></tr>"
        )
    head = "<thead><tr><th>Code</th><th>What happened and how to mend it</th><th>From</th></tr></thead>"
    return f'<section id="s{status}"><h2>{status} {_phrase(status)}</h2><table>{head}{"".join(rows)}</table></section>'


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _marked(text: str) -> str:
    """Turn paragraphs and `code` into HTML."""
    parts = escape(text).split("`")
    coded = [f"<code>{part}</code>" if index % 2 else part for index, part in enumerate(parts)]
    return "".join(coded).replace("\n\n", "</p><p>")
