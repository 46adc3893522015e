"""What a return annotation says about `None`."""

from __future__ import annotations

import functools
import typing
from collections.abc import Awaitable, Callable, Coroutine
from typing import Annotated, Any, Dict, Optional, Union  # noqa: UP035 -- authors write these

import pytest

from plexichat_plugin_sdk import Allow, Block
from plexichat_plugin_sdk._annotations import none_blocks

Verdict = Optional[dict[str, Any]]  # noqa: UP045 -- an alias as authors write it

BLOCKS = {
    "optional": Optional[dict[str, str]],  # noqa: UP045
    "old style": Optional[Dict[str, Any]],  # noqa: UP006, UP045
    "union": Union[dict[str, str], None],  # noqa: UP007
    "bar": dict[str, str] | None,
    "none first": None | dict[str, Any],
    "with allow": dict | Allow | None,
    "forward reference": Optional["Message"],  # noqa: F821
    "annotated": Annotated[dict[str, str] | None, "why"],
    "awaitable": Awaitable[dict[str, str] | None],
    "coroutine": Coroutine[Any, Any, dict[str, str] | None],
    "text": "Optional[Dict[str, Any]]",
    "text with module": "typing.Optional[dict]",
    "text with unknown module": "t.Optional[t.Dict[str, t.Any]]",
    "text with bar": "dict | None",
    "text in text": "Optional['Message']",
    "text of union": "Union[dict, None]",
    "text of annotated": "Annotated[dict | None, 'why']",
    "text of awaitable": "Awaitable[dict | None]",
    "alias": Verdict,
    "text of alias": "Verdict",
    "unknown name": "MessageData | None",
}
ALLOWS = {
    "none": None,
    "none type": type(None),
    "dict": dict,
    "any": Any,
    "bool": bool,
    "block or none": Block | None,
    "dict, block or none": dict | Block | None,
    "text of none": "None",
    "text of block": "Optional[Block]",
    "text of foreign block": "sdk.Block | None",
    "text of dict": "Dict[str, Any]",
    "no python": "dict |",
    "nonsense": "1 + 2",
    "empty": "",
}


def _annotated(annotation: Any) -> Callable[..., Any]:
    def handler(message: dict[str, Any]) -> None: ...

    handler.__annotations__["return"] = annotation
    return handler


@pytest.mark.parametrize("annotation", BLOCKS.values(), ids=BLOCKS.keys())
def test_an_optional_result_blocks_with_none(annotation: Any) -> None:
    assert none_blocks(_annotated(annotation))


@pytest.mark.parametrize("annotation", ALLOWS.values(), ids=ALLOWS.keys())
def test_anything_else_allows_with_none(annotation: Any) -> None:
    assert not none_blocks(_annotated(annotation))


def test_no_annotation_allows() -> None:
    handler = _annotated(dict)
    del handler.__annotations__["return"]
    assert not none_blocks(handler)


def test_wrappers_partials_and_static_methods_are_looked_through() -> None:
    handler = _annotated(dict | None)

    @functools.wraps(handler)
    def wrapper(*args: Any) -> Any: ...

    assert none_blocks(wrapper)
    assert none_blocks(functools.partial(wrapper))
    assert none_blocks(staticmethod(handler))


def test_async_handlers_are_read_the_same_way() -> None:
    async def handler(message: dict[str, Any]) -> dict[str, Any] | None: ...

    assert none_blocks(handler)


def test_a_circle_of_aliases_ends() -> None:
    handler = _annotated("circle")
    handler.__globals__["circle"] = "circle"
    try:
        assert not none_blocks(handler)
    finally:
        del handler.__globals__["circle"]


def test_a_new_style_alias_is_followed() -> None:
    class Alias:
        __value__ = typing.Optional[dict[str, str]]  # noqa: UP045

    assert none_blocks(_annotated(Alias()))


def test_what_is_no_function_allows() -> None:
    assert not none_blocks(print)


def test_a_wrapper_of_itself_ends() -> None:
    handler = _annotated(dict[str, str] | None)
    handler.__wrapped__ = handler  # type: ignore[attr-defined]
    assert none_blocks(handler)
