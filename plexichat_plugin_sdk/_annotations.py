"""What a handler's return annotation says about a returned `None`.

`-> Optional[dict]` in any spelling: the handler changes messages, and `None` blocks. Anything
else: it observes, and `None` allows; also when the annotation names `Block`, because then
blocking has its own word. Annotations that are text are read with `ast` and never evaluated, so
a name that exists only for type checkers cannot break the load.
"""

from __future__ import annotations

import ast
import functools
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .verdicts import Block

#: Wrappers whose last argument is what the handler finally returns.
_ASYNC_WRAPPERS = frozenset({"Awaitable", "Coroutine"})
_DEEPEST = 20  # aliases that lead in a circle end here


def none_blocks(handler: Callable[..., Any]) -> bool:
    """Whether a `None` returned by this handler refuses the message."""
    function = _innermost(handler)
    annotations = getattr(function, "__annotations__", {})
    if "return" not in annotations:
        return False
    names = getattr(function, "__globals__", {})
    members = set(_members(annotations["return"], names, _DEEPEST))
    return None in members and len(members) > 1 and not members & {Block, "Block"}


def _innermost(handler: Any) -> Any:
    """The function as the author wrote it, under wrappers, partials and static methods."""
    for _ in range(_DEEPEST):
        if isinstance(handler, functools.partial):
            handler = handler.func
        elif hasattr(handler, "__wrapped__"):
            handler = handler.__wrapped__
        else:
            break
    return getattr(handler, "__func__", handler)


def _members(annotation: Any, names: Mapping[str, Any], depth: int) -> Iterator[Any]:
    """The members of a union, flat; `None` stands for NoneType, a text for what is unknown."""
    if depth == 0:
        yield "…"
    elif annotation is None or annotation is type(None):
        yield None
    elif isinstance(annotation, str):
        yield from _members_of_text(annotation, names, depth)
    elif isinstance(annotation, typing.ForwardRef):
        yield from _members_of_text(annotation.__forward_arg__, names, depth)
    else:
        for part in _parts(annotation):
            if part is annotation:
                yield _leaf(part)
            else:
                yield from _members(part, names, depth - 1)


def _parts(annotation: Any) -> tuple[Any, ...]:
    """One level down: the arguments that matter, or the annotation itself when it is a leaf."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Union or origin is types.UnionType:
        return arguments
    if hasattr(annotation, "__metadata__"):  # Annotated[X, ...]
        return (arguments[0],)
    if hasattr(annotation, "__value__"):  # type X = ...
        return (annotation.__value__,)
    if getattr(origin, "__name__", "") in _ASYNC_WRAPPERS and arguments:
        return (arguments[-1],)
    return (annotation,)


def _leaf(annotation: Any) -> Any:
    return annotation if isinstance(annotation, type) else str(annotation)


def _members_of_text(text: str, names: Mapping[str, Any], depth: int) -> Iterator[Any]:
    try:
        node = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError):
        yield text
        return
    yield from _members_of_node(node, names, depth)


def _members_of_node(node: ast.expr, names: Mapping[str, Any], depth: int) -> Iterator[Any]:
    for part in _parts_of_node(node):
        if part is not node:
            yield from _members_of_node(part, names, depth)
        elif isinstance(node, ast.Constant):
            yield from _members(node.value, names, depth - 1)
        else:
            found = _look_up(node, names)
            text = _tail(node) or ast.unparse(node)
            yield from (text,) if found is None else _members(found, names, depth - 1)
    if isinstance(node, ast.Subscript) and _tail(node.value) == "Optional":
        yield None


def _parts_of_node(node: ast.expr) -> list[ast.expr]:
    """The same as `_parts`, for an annotation that is still text."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return [node.left, node.right]
    if not isinstance(node, ast.Subscript):
        return [node]
    elements = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    word = _tail(node.value)
    if word in {"Union", "Optional"}:
        return elements
    if word == "Annotated":
        return elements[:1]
    return elements[-1:] if word in _ASYNC_WRAPPERS else [node]


def _tail(node: ast.expr) -> str:
    """`Optional` of `typing.Optional`; empty for what is no name."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _look_up(node: ast.expr, names: Mapping[str, Any]) -> Any:
    """The object behind a dotted name of the author's module; `None` when there is none."""
    if isinstance(node, ast.Name):
        return names.get(node.id)
    if isinstance(node, ast.Attribute):
        return getattr(_look_up(node.value, names), node.attr, None)
    return None
