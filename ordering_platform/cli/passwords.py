"""How a command gets a password: from the environment or from a person, never from its arguments."""

from __future__ import annotations

import os
import sys

import click

from ordering_platform.cli.trouble import USAGE, Trouble

VARIABLE = "ORDERING_PASSWORD"


def asked(words: str, *, new: bool = False) -> str:
    """Give the password of ORDERING_PASSWORD, else ask for it; a ``new`` one is asked for twice."""
    if given := os.environ.get(VARIABLE):
        return given
    if not sys.stdin.isatty():
        raise Trouble("A password is needed.", "There is nobody to ask.", f"Set {VARIABLE}.", code=USAGE)
    return str(click.prompt(words, hide_input=True, confirmation_prompt=new, err=True))
