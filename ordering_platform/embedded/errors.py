"""Why the embedded platform may not start, told so that the reader can mend it."""

from __future__ import annotations


class CannotStart(Exception):
    """The embedded platform cannot do what was asked: what happened, why, and how to mend it."""

    def __init__(self, what: str, why: str, mend: str) -> None:
        """Keep the three sentences."""
        super().__init__(f"{what} {why} {mend}")
        self.what = what
        self.why = why
        self.mend = mend
