"""Holding values against a schema, with a sentence for each misfit and a ceiling for the work."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend
from referencing import Registry

from plugins_registry.places import written_path
from plugins_registry.settings_schema import patterns
from plugins_registry.settings_schema.sentences import sentence
from plugins_registry.settings_schema.shape import Keys

#: Keywords that one check may apply: many times what a large configuration needs, half a second.
STEPS = 20_000
#: Misfits that are told at once.
TOLD = 50
#: What is said instead of misfits when the check itself was given up.
TOO_MUCH_WORK = "the values take too long to check against the plugin's schema; give fewer"

Rule = Callable[[Any, Any, Any, Any], Iterator[ValidationError]]


class _TooMuchWork(Exception):
    """The schema is too laborious for these values."""


class _Account(threading.local):
    left = 0


_account = _Account()


def violations(
    schema: Mapping[str, Any], values: Mapping[str, Any], secrets: frozenset[Keys] = frozenset()
) -> list[str]:
    """Every way in which values do not fit an accepted schema, one sentence each with its path.

    Values at secret paths, and at those that lead to one, are never quoted.
    """
    _account.left = STEPS
    checker = _Checker(schema, registry=_NOWHERE)
    guarded = {keys[:length] for keys in secrets for length in range(1, len(keys) + 1)}
    try:
        errors = list(islice(checker.iter_errors(values), TOLD))
    except _TooMuchWork:
        return [TOO_MUCH_WORK]
    told = [_told(error, guarded) for error in errors]
    return list(dict.fromkeys(told))


def _told(error: ValidationError, guarded: set[Keys]) -> str:
    path = tuple(error.absolute_path)
    text = sentence(error, may_quote=path not in guarded)
    where = written_path(path)
    return f"{where}: {text}" if where else text


def _counted(rule: Rule) -> Rule:
    def counted(validator: Any, value: Any, instance: Any, schema: Any) -> Any:
        _account.left -= 1 + _weight(value) + _weight(instance)
        if _account.left < 0:
            raise _TooMuchWork
        return rule(validator, value, instance, schema) or ()

    return counted


def _weight(value: Any) -> int:
    return len(value) // 16 if isinstance(value, str | list | dict) else 0


def _pattern(_: Any, pattern: str, instance: Any, __: Any) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not patterns.fits(pattern, instance):
        yield ValidationError("pattern")


def _unique(_: Any, wanted: bool, instance: Any, __: Any) -> Iterator[ValidationError]:
    # The library compares each with each when they cannot be sorted.
    if wanted and isinstance(instance, list):
        written = {json.dumps(item, sort_keys=True) for item in instance}
        if len(written) < len(instance):
            yield ValidationError("unique")


def _required(_: Any, names: list[str], instance: Any, __: Any) -> Iterator[ValidationError]:
    if isinstance(instance, dict):
        for name in names:
            if name not in instance:
                yield ValidationError("required", path=[name])


def _additional(
    validator: Any, below: Any, instance: Any, schema: Any
) -> Iterator[ValidationError]:
    if not isinstance(instance, dict):
        return
    for name in instance.keys() - schema.get("properties", {}).keys():
        if below is False:
            yield ValidationError("unknown", path=[name])
        else:
            yield from validator.descend(instance[name], below, path=name)


_OURS: dict[str, Rule] = {
    "pattern": _pattern,
    "uniqueItems": _unique,
    "required": _required,
    "additionalProperties": _additional,
}
_RULES: dict[str, Rule] = {**Draft202012Validator.VALIDATORS, **_OURS}
_COUNTED = {name: _counted(rule) for name, rule in _RULES.items()}
_Checker = extend(Draft202012Validator, _COUNTED)  # type: ignore[no-untyped-call]  # its stubs
#: Without one of its own the library would fetch what a reference names.
_NOWHERE: Registry[Any] = Registry()
