"""The configuration of a test: stored values over the manifest's settings, checked as on a server.

The types are those that the settings show, as the server infers them without a schema.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from plexichat_plugin_sdk._answers.refusal import Refusal
from plexichat_plugin_sdk._wire import codes
from plexichat_plugin_sdk.config import merged


class Configuration:
    """Settings, and what is stored over them."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._settings = merged({}, settings)
        self.stored: dict[str, Any] = {}

    @property
    def effective(self) -> dict[str, Any]:
        """What holds, as fresh dicts."""
        return merged(self._settings, self.stored)

    def update(self, plugin: str, values: Any) -> bool:
        """Merge values into what is stored; return whether that changed anything.

        Raises `Refusal` with every problem, and stores nothing then.
        """
        if not isinstance(values, dict):
            raise Refusal(codes.INVALID, f"'values' must be a mapping, got {_kind(values)}")
        problems = list(_problems(self._settings, values, ""))
        if problems:
            listed = "".join(f"\n  {problem}" for problem in problems)
            counted = f"{len(problems)} problem{'s' * (len(problems) > 1)}"
            raise Refusal(
                codes.INVALID,
                f"the configuration of {plugin!r} was not changed: {counted}{listed}",
                problems=problems,
            )
        before, self.stored = self.stored, merged(self.stored, values)
        return before != self.stored


def _problems(settings: Mapping[str, Any], values: Mapping[str, Any], above: str) -> Iterator[str]:
    for key, value in values.items():
        path = f"{above}{key}"
        if not settings:
            continue
        if key not in settings:
            known = ", ".join(f"{above}{name}" for name in settings)
            yield f"{path}: there is no such setting; known are: {known}"
        else:
            yield from _misfits(path, settings[key], value)


def _misfits(path: str, default: Any, value: Any) -> Iterator[str]:
    if isinstance(default, Mapping):
        if not isinstance(value, dict):
            yield f"{path}: expected a mapping, got {_shown(value)}"
        else:
            yield from _problems(default, value, f"{path}.")
    elif isinstance(default, list):
        yield from _of_list(path, default, value)
    elif type(default) in _KINDS:
        wanted, is_right = _KINDS[type(default)]
        if not is_right(value):
            yield f"{path}: expected {wanted}, got {_shown(value)}"


def _of_list(path: str, default: list[Any], value: Any) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{path}: expected a list, got {_shown(value)}"
        return
    kinds = {type(item) for item in default}
    if len(kinds) == 1 and kinds <= _KINDS.keys():
        for at, item in enumerate(value):
            yield from _misfits(f"{path}[{at}]", default[0], item)


def _kind(value: Any) -> str:
    return type(value).__name__


def _shown(value: Any) -> str:
    text = repr(value) if isinstance(value, str) else json.dumps(value, default=repr)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return _is_whole(value) or (isinstance(value, float) and math.isfinite(value))


_KINDS: Mapping[type, tuple[str, Callable[[Any], bool]]] = {
    bool: ("true or false", lambda value: isinstance(value, bool)),
    int: ("a whole number", _is_whole),
    float: ("a number", _is_number),
    str: ("text", lambda value: isinstance(value, str)),
}
