"""One JSON object a line: every line carries its request id, none carries a secret."""

from __future__ import annotations

import logging
import re
import sys
import traceback
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

from ordering_platform.runtime import context

if TYPE_CHECKING:
    from typing import TextIO

ROOT = "ordering"

# No line of ours names a thread or a process, and under eventlet asking for the thread is the costliest part of one.
logging.logThreads = False
logging.logProcesses = False
logging.logMultiprocessing = False

# What libraries put into their messages: bearer tokens, JWTs, passwords in URLs, secrets in queries.
_SECRETS = (
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]+"), r"\1 ***"),
    (re.compile(r"\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9._-]+"), "***"),
    (re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s:/@]*:)[^\s@]+@", re.IGNORECASE), r"\1***@"),
    (re.compile(r"(?i)\b([a-z_-]*(?:token|password|secret|api_key|apikey|code))=[^&\s\"']+"), r"\1=***"),
)


def get(name: str) -> logging.Logger:
    """Give the logger of a service or a room of it; extra values go under ``extra={"fields": {...}}``."""
    return logging.getLogger(f"{ROOT}.{name}")


def redact(text: str) -> str:
    """Take tokens, passwords in URLs and secrets in queries out of a text."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


class Json(logging.Formatter):
    """Writes a record as one JSON line."""

    def format(self, record: logging.LogRecord) -> str:
        """Put time, level, logger, message, request id, extra fields and traceback into one object."""
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")[:-6] + "Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        fields = getattr(record, "fields", None)
        if fields is None:
            # Lines of the access log bring clean fields; anything else may quote what a client sent.
            line["message"] = redact(line["message"])
        else:
            line.update(fields)
        if "request_id" not in line and (request_id := context.request_id.get()):
            line["request_id"] = request_id
        if record.exc_info and record.exc_info[0]:
            line["traceback"] = redact("".join(traceback.format_exception(*record.exc_info)))
        return orjson.dumps(line, default=str).decode()


def setup(level: str = "info", stream: TextIO | None = None) -> None:
    """Send every log line of this process to ``stream`` (standard error) as JSON."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(Json())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger(ROOT).setLevel(level.upper())
    # Its lines about a stop ("killing 1 managed thread(s)") tell an operator nothing.
    logging.getLogger("nameko").setLevel(logging.ERROR)


_access = get("access")


def access(**fields: Any) -> None:
    """Write the one line of a finished request."""
    if _access.isEnabledFor(logging.INFO):
        # Built by hand: looking for the calling line, which is this one, would cost more than the rest.
        record = logging.LogRecord(_access.name, logging.INFO, __file__, 0, "request", None, None)
        record.fields = fields
        _access.handle(record)
