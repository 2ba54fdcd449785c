"""The address of a running platform, as an argument."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

if TYPE_CHECKING:
    from collections.abc import Callable


def url_argument(command: Callable[..., Any]) -> Any:
    """Give a command the argument ``url``; anything that is no web address is wrong usage."""
    return click.argument("url", callback=lambda _context, _argument, text: _checked(text))(command)


def _checked(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise click.BadParameter(f"{text!r} is not an address like http://127.0.0.1:8000")
    return text.rstrip("/")
