"""What may be in a message, as a pure decision."""

from __future__ import annotations

from typing import Any

import pytest

from plexichat.chat.content import METADATA_DEPTH, Draft, check
from plexichat.chat.exceptions import Invalid


def _nested(depth: int) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for _ in range(depth - 1):
        nested = {"a": nested}
    return nested


@pytest.mark.parametrize(
    "metadata",
    [
        pytest.param({"a": [1, 2.5, True, None, "x", {"b": []}]}, id="all kinds"),
        pytest.param({"a": 2**64 - 1, "b": -(2**63)}, id="largest integers"),
        pytest.param(_nested(METADATA_DEPTH), id="deep"),
    ],
)
def test_plain_json_passes(metadata: dict[str, Any]) -> None:
    draft = Draft(content="x", metadata=metadata)
    assert check(draft) is draft


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        pytest.param({"a": 2**64}, "64 bits", id="large integer"),
        pytest.param(_nested(METADATA_DEPTH + 1), "deep", id="deeper"),
        pytest.param({"a": float("inf")}, "infinity", id="infinity"),
        pytest.param({"a": ["\ud800"]}, "surrogates", id="surrogate"),
        pytest.param({"a\x00": 1}, "NUL", id="NUL in key"),
        pytest.param({2: 1}, "key", id="number as key"),
        pytest.param({"a": {1, 2}}, "a set", id="set"),
        pytest.param({"a": "é" * 8200}, "bytes of JSON", id="many bytes"),
        pytest.param("text", "object", id="no object"),
    ],
)
def test_what_is_not_storable_json_is_refused(metadata: Any, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        check(Draft(content="x", metadata=metadata))


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(Invalid) as refusal:
        check(Draft(content="", message_type="", metadata=[]))  # type: ignore[arg-type]
    assert refusal.value.errors.keys() == {"content", "message_type", "metadata"}
