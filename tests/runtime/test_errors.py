"""An error keeps its code, status and details from the service that raised it to the guest who reads it."""

from __future__ import annotations

from ordering_platform.runtime.errors import Conflict, DomainError, FieldError, ValidationFailed


class TableTaken(Conflict):
    """Somebody sits at this
    table; choose another.
    """


def test_the_code_comes_from_the_name_and_the_message_from_the_docstring() -> None:
    refusal = TableTaken(table="T1")
    assert (refusal.code, refusal.status) == ("table_taken", 409)
    assert refusal.message == "Somebody sits at this table; choose another."
    assert refusal.details == {"table": "T1"}


def test_an_error_crosses_between_services_whole() -> None:
    sent = ValidationFailed("Two faults.", errors=[FieldError("/a", "range", "Too much.")], retry_after=3, missing=5)
    received = DomainError.from_wire(sent.to_wire())
    assert received.to_wire() == sent.to_wire()
    assert str(received) == "Two faults."
