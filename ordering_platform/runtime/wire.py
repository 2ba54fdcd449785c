"""What a call and its answer look like between services: nameko's JSON, read as plain data.

The shape is nameko's own (``args``/``kwargs`` there, ``result``/``error`` back), so a stock client and a
stock service understand it. An error of ours crosses whole under ``domain_error``; anything else crosses
as ``internal_error`` and its text stays in the log of the service it happened in.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, cast

import orjson
from nameko import exceptions as nameko

from ordering_platform.runtime import context, logs
from ordering_platform.runtime.errors import DomainError, InternalError

if TYPE_CHECKING:
    from collections.abc import Mapping

EXCHANGE = "nameko-rpc"
CONTENT_TYPE = "application/json"
DEADLINE = "x-deadline"
LARGEST = 8 * 1024 * 1024
CLOCK_SKEW = 1.0

_PREFIX = "nameko."
_SHARED_USER = "guest"
_OPTIONS = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_SUBCLASS | orjson.OPT_UTC_Z
_UTF8 = {"utf-8", "utf8", "binary", "", None}
# The stock client rebuilds these by name; their texts are ours and name only what the caller sent.
_PROTOCOL_FAULTS = (nameko.MalformedRequest, nameko.MethodNotFound, nameko.IncorrectSignature)

_log = logs.get("rpc")


def write_call(kwargs: Mapping[str, Any]) -> bytes:
    """Write the arguments of a call; raises TypeError for what is no plain JSON."""
    return orjson.dumps({"args": (), "kwargs": kwargs}, option=_OPTIONS)


def read_call(body: bytes, properties: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """Read the arguments of a call; raises nameko's MalformedRequest for anything else."""
    data = _read(body, properties)
    args, kwargs = data.get("args"), data.get("kwargs")
    if not isinstance(args, list) or not isinstance(kwargs, dict):
        raise nameko.MalformedRequest("a call is an object with a list `args` and an object `kwargs`")
    return args, kwargs


def write_answer(result: Any, fault: BaseException | None = None) -> bytes:
    """Write what the caller gets; a result that is no plain JSON becomes ``internal_error`` and is logged."""
    error = None if fault is None else _error(fault)
    try:
        body = orjson.dumps({"result": result, "error": error}, option=_OPTIONS)
    except TypeError as unserialisable:
        _log.error("the answer is not plain JSON: %s", unserialisable)
        return write_answer(None, InternalError())
    if len(body) > LARGEST:
        _log.error("the answer is %d bytes long, more than the %d a peer takes", len(body), LARGEST)
        return write_answer(None, InternalError())
    return body


def read_answer(body: bytes, properties: Mapping[str, Any]) -> Any:
    """Give the result a peer sent, or raise the DomainError it raised."""
    try:
        data = _read(body, properties)
    except nameko.MalformedRequest as fault:
        _log.error("the answer of a peer cannot be read: %s", fault)
        raise InternalError(request_id=context.request_id.get()) from fault
    error = data.get("error")
    if error:
        raise _rebuilt(error)
    return data.get("result")


def call_properties(reply_to: str, call_id: str, remaining: float, user: str) -> dict[str, Any]:
    """Give the message properties of a call that may take ``remaining`` seconds more.

    ``user`` is who the connection is logged in as; the broker refuses a false one, so the callee may trust it.
    """
    headers: dict[str, Any] = {_PREFIX + name: value for name, value in context.headers().items()}
    headers[DEADLINE] = int((time.time() + remaining) * 1000)
    return {
        "content_type": CONTENT_TYPE,
        "content_encoding": "utf-8",
        "application_headers": headers,
        "correlation_id": call_id,
        "reply_to": reply_to,
        "expiration": str(max(1, int(remaining * 1000))),
        "user_id": "" if user == _SHARED_USER else user,
    }


def answer_properties(correlation_id: str | None) -> dict[str, Any]:
    """Give the message properties of an answer."""
    return {"content_type": CONTENT_TYPE, "content_encoding": "utf-8", "correlation_id": correlation_id}


def carried(headers: Mapping[str, Any]) -> dict[str, Any]:
    """Give the context data a caller sent; what has an unexpected form is left out."""
    data = {name[len(_PREFIX) :]: value for name, value in headers.items() if str(name).startswith(_PREFIX)}
    stack = data.get("call_id_stack", [])
    if not isinstance(stack, list) or not all(isinstance(call_id, str) for call_id in stack):
        del data["call_id_stack"]
    return data


def overdue(headers: Mapping[str, Any]) -> float:
    """How many seconds ago the caller stopped waiting; 0 while it waits, or when it did not say.

    The clocks of two machines may differ by CLOCK_SKEW seconds before anything is dropped for it.
    """
    deadline = headers.get(DEADLINE)
    if type(deadline) is not int:
        return 0.0
    late = time.time() - deadline / 1000
    return late if late > CLOCK_SKEW else 0.0


def _read(body: bytes | str, properties: Mapping[str, Any]) -> dict[str, Any]:
    if properties.get("content_type") != CONTENT_TYPE or properties.get("content_encoding") not in _UTF8:
        raise nameko.MalformedRequest(f"the content type must be {CONTENT_TYPE} in UTF-8")
    if len(body) > LARGEST:
        raise nameko.MalformedRequest(f"a message is at most {LARGEST} bytes long")
    try:
        data: Any = orjson.loads(body)
    except orjson.JSONDecodeError as fault:
        raise nameko.MalformedRequest("the message is not one JSON document") from fault
    if not isinstance(data, dict):
        raise nameko.MalformedRequest("the message is not a JSON object")
    return cast("dict[str, Any]", data)


def _error(fault: BaseException) -> dict[str, Any]:
    if isinstance(fault, _PROTOCOL_FAULTS):
        return {**nameko.serialize(fault), "domain_error": _internal().to_wire()}
    known = fault if isinstance(fault, DomainError) else _internal()
    return {
        "exc_type": type(known).__name__,
        "exc_path": f"{type(known).__module__}.{type(known).__qualname__}",
        "exc_args": [known.message],
        "value": f"{known.code}: {known.message}",
        "domain_error": known.to_wire(),
    }


def _rebuilt(error: Any) -> DomainError:
    try:
        return DomainError.from_wire(error["domain_error"])
    except (KeyError, TypeError, ValueError):
        text = f"{error.get('exc_type')}: {error.get('value')}" if isinstance(error, dict) else "no error of ours"
        _log.error("a peer failed with %s", text)
        return _internal()


def _internal() -> InternalError:
    return InternalError(request_id=context.request_id.get())
