"""What is wrong with a schema that a manifest brings: checked once, when it is installed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from jsonschema import Draft202012Validator

from plugins_registry.places import Path
from plugins_registry.settings_schema import patterns
from plugins_registry.settings_schema.keywords import KEYWORDS, everywhere, subschemas
from plugins_registry.settings_schema.shape import REFERENCE, referred

#: Schemas in a schema, as written and with every reference followed.
SCHEMAS = 500
FOLLOWED = 2000
TOLD = 20
_REFERENCE = re.compile(re.escape(REFERENCE) + r"[A-Za-z0-9_.-]{1,100}")
Misfit = tuple[Path, str]


def schema_problems(schema: Mapping[str, Any]) -> list[Misfit]:
    """Everything because of which a schema is refused, with the way to it inside the schema."""
    every = list(islice(everywhere(schema), SCHEMAS + 1))
    if len(every) > SCHEMAS:
        return [((), f"has more than {SCHEMAS} schemas; make it smaller")]
    if schema.get("type", "object") != "object":
        return [(("type",), "must be 'object': settings are a mapping")]
    problems = [problem for path, each in every for problem in _as_written(path, each, schema)]
    problems = problems or list(islice(_against_the_standard(schema), TOLD))
    return problems or _followed(schema)


def schema_doubts(schema: Mapping[str, Any]) -> list[Misfit]:
    """What is legal and probably not meant."""
    if not schema or "additionalProperties" in schema:
        return []
    text = "takes any further key, also a mistyped one; write 'additionalProperties: false'"
    return [((), text)]


def _as_written(path: Path, schema: Any, root: Mapping[str, Any]) -> Iterator[Misfit]:
    if not isinstance(schema, Mapping):
        if not isinstance(schema, bool):
            yield path, "expected a schema: a mapping, or true or false"
        return
    for keyword in schema.keys() - KEYWORDS:
        yield (*path, keyword), f"{keyword!r} is not taken in a settings schema; remove it"
    if "$defs" in schema and path:
        yield (*path, "$defs"), "definitions stand at the top only; move them there"
    if "$ref" in schema and _is_lost(schema["$ref"], root):
        text = f"{schema['$ref']!r} is no definition of this schema; write '{REFERENCE}NAME'"
        yield (*path, "$ref"), text
    if isinstance(schema.get("pattern"), str):
        yield from _pattern_problems((*path, "pattern"), schema["pattern"])
    if schema.get("secret") not in (None, True, False):
        yield (*path, "secret"), "must be true or false"
    if schema.get("secret") is True and schema.get("type") != "string":
        yield (*path, "secret"), "only text can be secret; write 'type: string' beside it"


def _is_lost(reference: Any, root: Mapping[str, Any]) -> bool:
    is_local = isinstance(reference, str) and _REFERENCE.fullmatch(reference) is not None
    return not is_local or referred(reference, root) is None


def _pattern_problems(path: Path, pattern: str) -> Iterator[Misfit]:
    try:
        patterns.compiled(pattern)
    except patterns.BadPattern as error:
        yield path, str(error)


def _against_the_standard(schema: Mapping[str, Any]) -> Iterator[Misfit]:
    standard = Draft202012Validator(Draft202012Validator.META_SCHEMA)
    for error in standard.iter_errors(schema):
        text = error.message
        yield tuple(error.absolute_path), text if len(text) <= 200 else f"{text[:197]}..."


def _followed(schema: Mapping[str, Any]) -> list[Misfit]:
    """What only shows when references are followed: circles, sheer size, misplaced secrets."""
    walk = _Walk(schema)
    try:
        walk.go((), schema, may_hide=True, inside=())
    except _Refused as refused:
        return [(refused.path, str(refused))]
    return walk.misplaced


class _Refused(Exception):
    def __init__(self, path: Path, message: str) -> None:
        super().__init__(message)
        self.path = path


class _Walk:
    """Goes through a schema as a check does."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self.misplaced: list[Misfit] = []
        self._root = root
        self._seen = 0

    def go(self, path: Path, schema: Any, *, may_hide: bool, inside: tuple[str, ...]) -> None:
        """Visit one schema; `may_hide` says whether a secret can stand here."""
        self._seen += 1
        if self._seen > FOLLOWED:
            raise _Refused((), f"its references make more than {FOLLOWED} schemas of it")
        if not isinstance(schema, Mapping):
            return
        if schema.get("secret") is True and not (may_hide and path):
            text = "a secret can only be a property of a mapping that is always there"
            self.misplaced.append(((*path, "secret"), text))
        for way, below in subschemas(schema):
            if way[0] != "$defs":
                is_property = way[0] == "properties"
                hides = may_hide and is_property
                self.go((*path, *way), below, may_hide=hides, inside=inside)
        if "$ref" in schema:
            reference = schema["$ref"]
            if reference in inside:
                raise _Refused((*path, "$ref"), f"{reference!r} refers to itself")
            definition = referred(reference, self._root)
            self.go(path, definition, may_hide=may_hide, inside=(*inside, reference))
