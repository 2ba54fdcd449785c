"""What is set, where it comes from, and an example file that is always complete."""

from __future__ import annotations

from dataclasses import MISSING, fields

import click

from ordering_platform.cli import output


@click.group()
def config() -> None:
    """Show every setting, where it comes from and what it means."""


@config.command()
@output.choice
def show(output: str) -> None:
    """Print the settings in force; secrets are not shown. Fails when one is missing or unusable."""
    from ordering_platform.cli.output import rows
    from ordering_platform.runtime.config import load, shown

    rows(shown(load()), ["name", "value", "source", "meaning"], output)


@config.command()
def example() -> None:
    """Print an example environment file with every setting; .env.example is made this way."""
    output.give(example_file())


def example_file() -> str:
    """Write every setting with its meaning; those without a default are left empty, the others commented out."""
    from ordering_platform.runtime.config import Settings

    lines = ["# Made by: ordering-platform config example > .env.example", ""]
    for setting in fields(Settings):
        text = "" if setting.default is MISSING else _written(setting.default)
        name = setting.metadata["env"]
        lines.append(f"# {setting.metadata['doc']}")
        lines += [f"{name}=" if setting.default is MISSING else f"#{name}={text}", ""]
    return "\n".join(lines).rstrip()


def _written(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return ",".join(value) if isinstance(value, tuple) else str(value)
