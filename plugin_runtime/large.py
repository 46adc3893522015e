"""Large frames from plugins: the few that may be large, read without unfolding them.

A frame of nested empty lists is one byte each on the wire and eighty in memory, and the
interpreter is held all the while it is unfolded: eight megabytes of it are 600 MiB and seconds in
which the whole process stands still. So beyond `framing.LARGE_BYTES` only an endpoint's answer is
taken: its text or bytes up to the size of a frame, since these do not grow, any other value up
to `VALUE_BYTES`.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from plexichat_plugin_sdk._wire import MAX_FRAME_BYTES, codes
from plexichat_plugin_sdk._wire.conversation import Answer, Failure, ToCaller
from plexichat_plugin_sdk._wire.framing import LARGE_BYTES, Framed, WireViolation
from plexichat_plugin_sdk._wire.questions import ToGateway

#: The largest JSON value that a plugin may answer with, as MessagePack.
VALUE_BYTES: Final = 1024 * 1024

_TOO_LARGE: Final = (
    f"the answer is too large: a JSON value may take {VALUE_BYTES} bytes, text and bytes up to "
    f"{MAX_FRAME_BYTES}"
)
_TEXT_OR_BYTES: Final = (*range(0xA0, 0xC0), 0xC4, 0xC5, 0xC6, 0xD9, 0xDA, 0xDB)


class _Folded(msgspec.Struct, array_like=True, tag="answer", frozen=True):
    """An `Answer` whose result is still in its encoded form."""

    number: int
    result: msgspec.Raw


_answer: msgspec.msgpack.Decoder[_Folded] = msgspec.msgpack.Decoder(_Folded)
_parts: msgspec.msgpack.Decoder[tuple[int, msgspec.Raw, msgspec.Raw]] = msgspec.msgpack.Decoder(
    tuple[int, msgspec.Raw, msgspec.Raw]
)


class AnswerLine(Framed[ToCaller]):
    """A conversation as its caller reads it."""

    def _decode_large(self, body: bytes) -> ToCaller:
        folded = _answer.decode(body)
        try:
            status, headers, content = _parts.decode(folded.result)
        except msgspec.ValidationError:
            return _refused(folded)
        if len(memoryview(headers)) > LARGE_BYTES or not _may_be_unfolded(memoryview(content)):
            return _refused(folded)
        result: list[Any] = [status, *(msgspec.msgpack.decode(part) for part in (headers, content))]
        return Answer(folded.number, result)


class QuestionLine(Framed[ToGateway]):
    """A gateway line as the gateway reads it: no question is large."""

    def _decode_large(self, body: bytes) -> ToGateway:
        raise WireViolation(f"a question of {len(body)} bytes; at most {LARGE_BYTES} are allowed")


def _may_be_unfolded(content: memoryview) -> bool:
    return len(content) <= VALUE_BYTES or content[0] in _TEXT_OR_BYTES


def _refused(folded: _Folded) -> Failure:
    return Failure(folded.number, codes.BAD_RESULT, _TOO_LARGE, {})
