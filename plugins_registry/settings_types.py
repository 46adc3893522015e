"""The types of a plugin's settings, inferred from the defaults in its manifest. Pure.

A default `true` takes truth values, `5` whole numbers, `1.5` numbers, `""` text, a list a list
(of the same scalars when the default holds only one kind), a filled mapping its own keys, an empty
mapping anything, and a default without value takes anything.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

DEPTH = 16
#: What travels to a sandbox.
WHOLE_LEAST, WHOLE_MOST = -(2**63), 2**63 - 1


def check_values(settings: Mapping[str, Any], values: Mapping[str, Any]) -> list[str]:
    """Every way in which values do not fit, one sentence each with its path."""
    problems: list[str] = []
    for key, value in values.items():
        if not settings:
            problems += _check_free(key, value, DEPTH)
        elif key not in settings:
            problems.append(_unknown(key, settings))
        else:
            problems += _check(key, settings[key], value, DEPTH)
    return problems


def check_json(values: Mapping[str, Any], reserved: str) -> list[str]:
    """Every way in which values cannot be stored at all; `reserved` is a key nobody may use."""
    problems = []
    for key, value in values.items():
        problems += _check_free(str(key), value, DEPTH)
        problems += _key_problems(str(key), {key: value}, reserved)
    return problems


def expand(settings: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted keys as nested mappings, unless the settings have the dotted key itself."""
    expanded: dict[str, Any] = {}
    for key, value in values.items():
        steps = [key] if key in settings else key.split(".")
        inner = expanded
        for step in steps[:-1]:
            below = inner.setdefault(step, {})
            if not isinstance(below, dict):
                below = inner[step] = {}
            inner = below
        inner[steps[-1]] = value
    return expanded


def _check(path: str, default: Any, value: Any, depth: int) -> list[str]:
    if default is None:
        return _check_free(path, value, depth)
    if isinstance(default, Mapping):
        return _check_mapping(path, default, value, depth)
    if isinstance(default, list):
        return _check_list(path, default, value, depth)
    wanted, is_right = _KINDS[type(default)]
    return [] if is_right(value) else [f"{path}: expected {wanted}, got {_shown(value)}"]


def _check_mapping(path: str, default: Mapping[str, Any], value: Any, depth: int) -> list[str]:
    if not isinstance(value, dict):
        return [f"{path}: expected a mapping, got {_shown(value)}"]
    if not default:
        return _check_free(path, value, depth)
    problems = []
    for key, inner in value.items():
        if key not in default:
            problems.append(_unknown(key, default, f"{path}."))
        else:
            problems += _check(f"{path}.{key}", default[key], inner, depth - 1)
    return problems


def _check_list(path: str, default: list[Any], value: Any, depth: int) -> list[str]:
    if not isinstance(value, list):
        return [f"{path}: expected a list, got {_shown(value)}"]
    kinds = {type(item) for item in default}
    if len(kinds) != 1 or not kinds <= _KINDS.keys():
        return _check_free(path, value, depth)
    return [
        problem
        for at, item in enumerate(value)
        for problem in _check(f"{path}[{at}]", default[0], item, depth - 1)
    ]


def _check_free(path: str, value: Any, depth: int) -> list[str]:
    if depth < 1:
        return [f"{path}: nested more than {DEPTH} levels deep; make it flatter"]
    if isinstance(value, dict):
        return [
            problem
            for key, inner in value.items()
            for problem in _check_free(f"{path}.{key}", inner, depth - 1)
        ]
    if isinstance(value, list):
        return [
            problem
            for at, inner in enumerate(value)
            for problem in _check_free(f"{path}[{at}]", inner, depth - 1)
        ]
    if _is_whole(value) and not WHOLE_LEAST <= value <= WHOLE_MOST:
        return [f"{path}: {_shown(value)} is too large; whole numbers have 64 bits"]
    is_right = value is None or isinstance(value, bool | str) or _is_number(value)
    return [] if is_right else [f"{path}: {_shown(value)} is not a JSON value"]


def _key_problems(path: str, value: Any, reserved: str) -> list[str]:
    if isinstance(value, list):
        return [text for item in value for text in _key_problems(path, item, reserved)]
    if not isinstance(value, dict):
        return []
    bad = [key for key in value if not isinstance(key, str) or key == reserved]
    problems = [
        f"{path}: {key!r} cannot be a key; keys are text, and not {reserved!r}" for key in bad
    ]
    return problems + [
        text for inner in value.values() for text in _key_problems(path, inner, reserved)
    ]


def _unknown(key: str, settings: Mapping[str, Any], prefix: str = "") -> str:
    known = ", ".join(f"{prefix}{name}" for name in settings)
    return f"{prefix}{key}: there is no such setting; known are: {known}"


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return _is_whole(value) or (isinstance(value, float) and math.isfinite(value))


def _shown(value: Any) -> str:
    text = repr(value) if isinstance(value, str) else json.dumps(value, default=repr)
    return text if len(text) <= 60 else f"{text[:57]}..."


_KINDS: Mapping[type, tuple[str, Any]] = {
    bool: ("true or false", lambda value: isinstance(value, bool)),
    int: ("a whole number", _is_whole),
    float: ("a number", _is_number),
    str: ("text", lambda value: isinstance(value, str)),
}
