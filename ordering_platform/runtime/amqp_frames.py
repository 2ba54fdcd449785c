"""The few AMQP 0-9-1 frames a call is made of, packed and unpacked without detours.

py-amqp packs any method; these do only what every call needs, for a third of its time. What a stranger
wrote into a message (bytes that are no text, a table of unknown types) is read as far as it can be and
never raises: a message may be unusable, but it must not cost the connection.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, TypeAlias

from amqp.serialization import decode_properties_basic

if TYPE_CHECKING:
    from collections.abc import Mapping

Properties: TypeAlias = "Mapping[str, Any]"

METHOD, HEADER, BODY = 1, 2, 3
END = b"\xce"
FRAME = struct.Struct(">BHI")
OVERHEAD = FRAME.size + len(END)
DELIVER = struct.pack(">HH", 60, 60)

_BASIC = 60
_PUBLISH = struct.pack(">HHH", _BASIC, 40, 0)
_ACK = struct.Struct(">BHIHHQBB")
_CONTENT = struct.Struct(">HHQH")
_TAG = struct.Struct(">QB")
_SIZE_AT = 4
_PROPERTIES_AT = 12

# Position of each property's flag, in the order the values follow: AMQP 0-9-1, class basic.
_TEXTS_BEFORE = (("content_type", 15), ("content_encoding", 14))
_TEXTS_AFTER = (("correlation_id", 10), ("reply_to", 9), ("expiration", 8), ("user_id", 4))
_HEADERS_FLAG = 1 << 13
_TRANSIENT_FLAG = 1 << 12


class Delivery:
    """A message as it arrives: first its address, then its properties, then its body piece by piece."""

    __slots__ = ("_missing", "_pieces", "body", "channel", "delivery_info", "delivery_tag", "properties", "tag")

    def __init__(self, channel: Any, method: bytes) -> None:
        """Read who it is for and where it was sent."""
        self.channel = channel
        self.tag, at = _text(method, len(DELIVER))
        self.delivery_tag, redelivered = _TAG.unpack_from(method, at)
        exchange, at = _text(method, at + _TAG.size)
        routing_key, _ = _text(method, at)
        self.delivery_info = {"exchange": exchange, "routing_key": routing_key, "redelivered": bool(redelivered)}
        self.properties: dict[str, Any] = {}
        self.body = b""
        self._pieces: list[bytes] = []

    def add_header(self, payload: bytes) -> bool:
        """Read the properties; give whether no body follows."""
        (self._missing,) = struct.unpack_from(">Q", payload, _SIZE_AT)
        try:
            self.properties, _ = decode_properties_basic(payload, _PROPERTIES_AT)
        except Exception:  # noqa: BLE001  py-amqp raises whatever its unpacking meets in a stranger's bytes
            self.properties = {}
        return not self._missing

    def add_body(self, payload: bytes) -> bool:
        """Take the next piece; give whether it was the last."""
        self._pieces.append(payload)
        self._missing -= len(payload)
        if self._missing > 0:
            return False
        self.body = payload if len(self._pieces) == 1 else b"".join(self._pieces)
        return True


def publish(channel: int, to: tuple[str, str, bool], properties: Properties, body: bytes, largest: int) -> bytes:
    """Pack a transient message to (exchange, routing key, mandatory); ``largest`` is the frame the broker takes."""
    exchange, routing_key, mandatory = to
    method = _PUBLISH + _short(exchange) + _short(routing_key) + (b"\x01" if mandatory else b"\x00")
    flags, values = _properties(properties)
    header = _CONTENT.pack(_BASIC, 0, len(body), flags) + values
    parts = [
        FRAME.pack(METHOD, channel, len(method)),
        method,
        END,
        FRAME.pack(HEADER, channel, len(header)),
        header,
        END,
    ]
    for start in range(0, len(body), largest - OVERHEAD):
        piece = body[start : start + largest - OVERHEAD]
        parts += FRAME.pack(BODY, channel, len(piece)), piece, END
    return b"".join(parts)


def ack(channel: int, delivery_tag: int) -> bytes:
    """Pack the acknowledgement of one message."""
    return _ACK.pack(METHOD, channel, 13, _BASIC, 80, delivery_tag, 0, END[0])


def _properties(properties: Properties) -> tuple[int, bytes]:
    flags = _HEADERS_FLAG | _TRANSIENT_FLAG
    before, after = [], []
    for name, flag in _TEXTS_BEFORE:
        if value := properties.get(name):
            flags |= 1 << flag
            before.append(_short(value))
    for name, flag in _TEXTS_AFTER:
        if value := properties.get(name):
            flags |= 1 << flag
            after.append(_short(value))
    table = b"".join([_field(name, value) for name, value in properties.get("application_headers", {}).items()])
    return flags, b"".join([*before, struct.pack(">I", len(table)), table, b"\x01", *after])


def _field(name: str, value: str | int) -> bytes:
    if isinstance(value, int):
        return _short(name) + b"l" + struct.pack(">q", value)
    text = value.encode()
    return _short(name) + b"S" + struct.pack(">I", len(text)) + text


def _short(text: str) -> bytes:
    data = text.encode(errors="surrogatepass")
    return bytes((len(data),)) + data


def _text(payload: bytes, at: int) -> tuple[str, int]:
    end = at + 1 + payload[at]
    return payload[at + 1 : end].decode(errors="replace"), end
