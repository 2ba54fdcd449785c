"""Sends requests, however odd, over one kept connection, and tries many of them at one door."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

from tests.attacks import refusals
from tests.support.http import Response, Wire

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A request and the refusal it has to get; ``fault`` is the pointer and the code of one field's fault."""

    name: str = "sound"
    method: str
    path: str
    status: int
    code: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    fault: tuple[str, str] | None = None

    def but(self, name: str, *, headers: dict[str, str] | None = None, **changes: Any) -> Case:
        """Give the same with some of it changed and further headers."""
        return replace(self, name=name, headers=self.headers | (headers or {}), **changes)


class Knocker:
    """One client that never hangs up by itself."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._wire = Wire(port)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._wire.close()

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str = "",
        headers: dict[str, str] | None = None,
        raw: bytes | None = None,
    ) -> Response:
        """Send one request; ``raw`` goes as it is instead of a JSON body."""
        sent = bearer(token) | (headers or {})
        answer = self._wire.request(method, path, body, sent, raw=raw)
        if answer.headers.get("connection") == "close":
            self._wire.close()
            self._wire = Wire(self._port)
        return answer

    def refused(self, cases: Iterable[Case]) -> int:
        """Fail with a list of all cases that were not refused as they should be; gives their number."""
        wrong = {}
        count = 0
        for count, case in enumerate(cases, start=1):  # noqa: B007  the last number is the result
            try:
                self._refused(case)
            except AssertionError as fault:
                wrong[f"{case.name} ({case.method} {case.path})"] = str(fault).splitlines()[0]
        assert not wrong, "\n".join(f"{name}: {fault}" for name, fault in wrong.items())
        return count

    def _refused(self, case: Case) -> None:
        answer = self.ask(case.method, case.path, headers=case.headers, raw=case.raw)
        document = refusals.check(answer, case.path, case.status, case.code)
        if case.fault is not None:
            faults = [(fault["pointer"], fault["code"]) for fault in document.get("errors", [])]
            assert case.fault in faults, f"{case.fault} is not among {faults}"


def bearer(token: str) -> dict[str, str]:
    """Give the header that carries a token, or none."""
    return {"Authorization": f"Bearer {token}"} if token else {}
