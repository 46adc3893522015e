"""What goes to the cache as bytes, and what comes back as redis-py would return it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any, Generic, TypeVar

from plexichat_plugin_sdk.exceptions import ValidationError

from .commands import COMMANDS, Reply

#: What a client returns for stored text: `bytes`, or `str` with `decode_responses`.
Text = TypeVar("Text", bytes, str)
#: What may be stored, and what may be a key. Numbers are stored as Python writes them.
Storable = bytes | bytearray | memoryview | str | int | float
#: Seconds, or milliseconds where a method says so.
Span = int | timedelta


def encoded(value: Any) -> bytes:
    """Return what is stored for a value; raise `ValidationError` for what cannot be."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, int | float) and not isinstance(value, bool):
        return repr(value).encode()
    if isinstance(value, bytearray | memoryview):
        return bytes(value)
    raise ValidationError(
        f"the cache stores bytes, str, int and float, not {type(value).__name__}; "
        "turn it into text first, for example with json.dumps"
    )


def seconds(span: Span) -> int:
    """Return a time as whole seconds."""
    return int(span.total_seconds()) if isinstance(span, timedelta) else span


def milliseconds(span: Span) -> int:
    """Return a time as whole milliseconds."""
    return int(span.total_seconds() * 1000) if isinstance(span, timedelta) else span


def together(first: Any, more: Iterable[Any]) -> list[Any]:
    """Return one list of `name`, or of the names in it, and more of them."""
    single = isinstance(first, bytes | bytearray | memoryview | str | int | float)
    return [*([first] if single else first), *more]


class Commands(Generic[Text]):
    """What every family of commands stands on: one command there, its reply back."""

    def _send(self, name: str, arguments: list[bytes], reply: Reply) -> Any:
        raise NotImplementedError

    def _do(self, name: str, *arguments: Any, reply: Reply | None = None) -> Any:
        words = [a if type(a) is bytes else encoded(a) for a in arguments]
        return self._send(name, words, reply or COMMANDS[name].reply)


def converted(reply: Reply, raw: Any, decode: bool) -> Any:
    """Return a reply of the wire as redis-py would."""
    if raw is None and reply is not Reply.FLAG:
        return None
    return _CONVERTERS[reply](raw, decode)


def text(raw: Any, decode: bool) -> Any:
    """Return stored bytes, as text where a client wants it."""
    return raw.decode() if decode and isinstance(raw, bytes) else raw


def _texts(raw: Any, decode: bool) -> list[Any]:
    return [text(each, True) for each in raw] if decode else list(raw)


def _pairs(raw: Any, decode: bool) -> Iterable[tuple[Any, Any]]:
    return zip(_texts(raw[::2], decode), raw[1::2], strict=True)


_CONVERTERS: dict[Reply, Callable[[Any, bool], Any]] = {
    Reply.VALUE: text,
    Reply.NUMBER: lambda raw, decode: int(raw),
    Reply.FLOAT: lambda raw, decode: float(raw),
    Reply.DONE: lambda raw, decode: True,
    Reply.FLAG: lambda raw, decode: bool(raw),
    Reply.LIST: _texts,
    Reply.SET: lambda raw, decode: set(_texts(raw, decode)),
    Reply.DICT: lambda raw, decode: {k: text(v, decode) for k, v in _pairs(raw, decode)},
    Reply.SCORED: lambda raw, decode: [(k, float(v)) for k, v in _pairs(raw, decode)],
}
