"""What is JSON, what becomes JSON, and what is refused."""

from __future__ import annotations

import datetime
import decimal
import enum
import json
import uuid
from typing import Any

import pytest

from plexichat_plugin_sdk import ValidationError
from plexichat_plugin_sdk._plain import Shortener, as_plain, is_plain


class Colour(enum.Enum):
    RED = "red"


class Word(str):
    """A text of a library's own kind."""


class Number(int):
    """A number of a library's own kind."""


class Bad:
    def __repr__(self) -> str:
        raise RuntimeError("no")


DAY = datetime.datetime(2025, 8, 31, 12, tzinfo=datetime.UTC)
ONE = uuid.UUID(int=1)


def test_json_is_returned_as_it_is() -> None:
    value: Any = {"a": [1, 2.5, None, True, "x", {"b": []}]}
    assert is_plain(value)
    assert as_plain(value) is value


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        ((1, 2), [1, 2]),
        ({"a": {3}}, {"a": [3]}),
        (frozenset({3}), [3]),
        (DAY, "2025-08-31T12:00:00+00:00"),
        (DAY.date(), "2025-08-31"),
        (ONE, "00000000-0000-0000-0000-000000000001"),
        (decimal.Decimal("1.50"), "1.50"),
        (Colour.RED, "red"),
        ({1: "a", ONE: "b", Colour.RED: "c"}, {"1": "a", str(ONE): "b", "red": "c"}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_near_relatives_become_json(value: Any, plain: Any) -> None:
    assert as_plain(value) == plain


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (object(), "the result is a object, which is no JSON value"),
        ({"a": [0, b"x"]}, r"the result\['a'\]\[1\] is a bytes"),
        (Bad(), r"is a tests\.sdk\.test_plain\.Bad"),
        (float("nan"), "the result is nan, which JSON cannot say; use None"),
        ([float("inf")], r"the result\[0\] is inf"),
        ({None: 1}, "has the key None; JSON keys are texts"),
        ({True: 1}, "has the key True"),
    ],
    ids=["object", "bytes", "class", "nan", "inf", "none key", "bool key"],
)
def test_the_rest_is_refused_by_name(value: Any, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        as_plain(value)


def test_subclasses_travel_as_what_they_are_below() -> None:
    plain = as_plain([Word("x"), Number(3), (1.5, True, None)])
    assert plain == ["x", 3, [1.5, True, None]]
    assert [type(each) for each in plain[:2]] == [str, int]


def test_what_contains_itself_is_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(ValidationError, match="nested too deeply, or contains itself"):
        as_plain(loop)


def test_a_shortener_keeps_what_fits() -> None:
    value = {"a": [1, 2.5, None, True, "x"], 5: DAY, "u": ONE}
    kept = Shortener(1000).shorten(value)
    assert kept == {"a": [1, 2.5, None, True, "x"], "5": str(DAY), "u": str(ONE)}


@pytest.mark.parametrize(
    "value",
    ["x" * 10_000, ["y"] * 10_000, {str(n): n for n in range(10_000)}, {"k" * 9000: 1}, 10**5000],
    ids=["text", "list", "dict", "key", "number"],
)
def test_a_shortener_stays_within_its_budget(value: Any) -> None:
    assert len(json.dumps(Shortener(1000).shorten(value))) < 3000


def test_a_shortener_survives_anything() -> None:
    loop: list[Any] = []
    loop.append(loop)
    strange = [loop, Bad(), float("nan"), 2**70, "\ud800", {Bad(): 1}]
    kept = Shortener(10_000).shorten(strange)
    assert kept[1:5] == ["<a Bad that cannot be shown>", "nan", str(2**70), "\\ud800"]
    assert json.dumps(kept)
