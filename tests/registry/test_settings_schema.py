"""JSON Schema of settings: what is taken, what is refused, and what a misfit is called."""

from __future__ import annotations

import time
from typing import Any

import pytest

from plugins_registry.manifest import read_manifest
from plugins_registry.settings_schema import (
    declared_defaults,
    schema_problems,
    secret_paths,
    violations,
)
from plugins_registry.settings_schema.checking import TOO_MUCH_WORK

SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["api_key"],
    "properties": {
        "api_key": {"type": "string", "secret": True, "minLength": 8, "pattern": "^sk-"},
        "mode": {"enum": ["fast", "safe"], "default": "safe"},
        "limits": {"$ref": "#/$defs/limits"},
        "tags": {"type": "array", "uniqueItems": True, "maxItems": 3, "items": {"type": "string"}},
        "server": {
            "type": "object",
            "properties": {
                "host": {"type": "string", "pattern": r"^[a-z.]+$"},
                "password": {"type": "string", "secret": True},
            },
        },
    },
    "$defs": {
        "limits": {
            "type": "object",
            "properties": {"burst": {"type": "integer", "minimum": 1, "default": 5}},
        }
    },
}
FITS: dict[str, Any] = {"api_key": "sk-12345", "mode": "fast", "limits": {"burst": 1}}


def test_the_schema_is_taken_and_says_where_secrets_and_defaults_are() -> None:
    assert schema_problems(SCHEMA) == []
    assert secret_paths(SCHEMA) == {("api_key",), ("server", "password")}
    assert declared_defaults(SCHEMA) == {"mode": "safe", "limits": {"burst": 5}}
    assert violations(SCHEMA, FITS) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"api_key": 5}, "api_key: must be text"),
        ({"api_key": "sk-1"}, "api_key: must have at least 8 characters"),
        ({"api_key": "secret-thing"}, "api_key: must match the pattern '^sk-'"),
        ({"mode": "slow"}, "mode: must be one of 'fast', 'safe', got 'slow'"),
        ({"limits": {"burst": 0}}, "limits.burst: must be at least 1, got 0"),
        ({"limits": {"burst": True}}, "limits.burst: must be a whole number, got true"),
        ({"limits": 5}, "limits: must be a mapping, got 5"),
        ({"tags": ["a", 5]}, "tags[1]: must be text, got 5"),
        ({"tags": ["a", "a"]}, "tags: must not hold the same twice, got a list of 2"),
        ({"tags": list("abcd")}, "tags: must have at most 3 items, got a list of 4"),
        ({"server": "hunter2"}, "server: must be a mapping"),
        ({"server": {"password": ["hunter2"]}}, "server.password: must be text"),
        ({"modes": 1}, "modes: there is no such setting; known here are: " + ", ".join(FITS)),
    ],
    ids=str,
)
def test_a_misfit_is_named_and_a_secret_is_never_quoted(change: Any, said: str) -> None:
    (problem,) = violations(SCHEMA, {**FITS, **change}, secret_paths(SCHEMA))
    assert problem == said or (change == {"modes": 1} and problem.startswith(said))


def test_all_misfits_are_named_at_once() -> None:
    values = {"mode": 1, "limits": {"burst": "x"}, "server": {"host": "A"}}
    paths = [problem.split(":")[0] for problem in violations(SCHEMA, values)]
    assert sorted(paths) == ["api_key", "limits.burst", "mode", "server.host"]


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"type": "array"}, "must be 'object'"),
        ({"properties": {"a": {"type": "strin"}}}, "'strin' is not"),
        ({"properties": {"a": {"minimum": "x"}}}, "is not of type 'number'"),
        ({"properties": {"a": 5}}, "expected a schema"),
        ({"patternProperties": {}}, "'patternProperties' is not taken"),
        ({"$id": "http://example.com"}, "'$id' is not taken"),
        ({"$ref": "http://example.com/schema.json"}, "is no definition of this schema"),
        ({"$ref": "#/properties/a"}, "is no definition of this schema"),
        ({"$ref": "#/$defs/gone", "$defs": {}}, "is no definition of this schema"),
        ({"properties": {"a": {"$defs": {}}}}, "stand at the top only"),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}, "refers to itself"),
        ({"properties": {"a": {"pattern": "(?=a)"}}}, "look-around"),
        ({"properties": {"a": {"pattern": "(a)\\1"}}}, "backreference"),
        ({"properties": {"a": {"pattern": "(a{900}){900}"}}}, "multiply to more than 1000"),
        ({"properties": {"a": {"pattern": "(\\w{50}){20}"}}}, "exceeds size limit"),
        ({"properties": {"a": {"pattern": "a" * 301}}}, "300 characters"),
        ({"properties": {"a": {"secret": True, "type": "integer"}}}, "only text can be secret"),
        ({"properties": {"a": {"secret": "yes", "type": "string"}}}, "must be true or false"),
        ({"properties": {"a": {"items": {"secret": True, "type": "string"}}}}, "a secret can only"),
        ({"anyOf": [{"properties": {"a": {"secret": True, "type": "string"}}}]}, "a secret can"),
        ({"properties": {f"p{n}": {} for n in range(501)}}, "more than 500 schemas"),
    ],
    ids=lambda value: "" if isinstance(value, str) else str(value)[:40],
)
def test_what_is_no_schema_for_settings_is_refused(schema: Any, said: str) -> None:
    texts = [text for _, text in schema_problems(schema)]
    assert any(said in text for text in texts), texts


def test_references_cannot_multiply_without_end() -> None:
    definitions: dict[str, Any] = {
        f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(30)
    }
    bomb = {"$ref": "#/$defs/d0", "$defs": {**definitions, "d30": {}}}
    assert "more than 2000" in schema_problems(bomb)[0][1]


def test_a_laborious_check_is_given_up_soon() -> None:
    choices = {"anyOf": [{"enum": [number]} for number in range(400)]}
    schema = {"properties": {"a": {"type": "array", "items": choices}}}
    assert schema_problems(schema) == []
    begun = time.thread_time()
    assert violations(schema, {"a": [399] * 8000}) == [TOO_MUCH_WORK]
    assert time.thread_time() - begun < 3
    assert violations(schema, {"a": [399] * 20}) == []


def test_a_pattern_that_stops_other_engines_takes_no_time() -> None:
    schema = {"properties": {"a": {"type": "string", "pattern": "^(a+)+$"}}}
    assert schema_problems(schema) == []
    begun = time.thread_time()
    assert violations(schema, {"a": "a" * 4000 + "b"}) != []
    assert violations(schema, {"a": "a" * 4000}) == []
    assert time.thread_time() - begun < 1


MANIFEST = "plugin: {name: demo, version: 1.0.0}\n"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (
            "settings: {a: x}\nsettings_schema:\n  additionalProperties: false\n"
            "  properties: {a: {type: integer}}",
            "settings: the default a: must be a whole number, got 'x' (line 2)",
        ),
        (
            "settings_schema:\n  additionalProperties: false\n  properties:\n"
            "    a: {type: string, secret: true, default: known}",
            "settings.a: is secret, and a default in a package is known to everybody",
        ),
        ("settings_schema:\n  type: list", "settings_schema.type: must be 'object'"),
    ],
)
def test_a_manifest_with_a_bad_schema_is_refused_with_the_line(more: str, said: str) -> None:
    problems = read_manifest(MANIFEST + more).problems
    assert any(str(problem).startswith(said) for problem in problems), problems


def test_a_manifest_takes_its_defaults_from_both_places() -> None:
    more = (
        "settings: {b: 2}\n"
        "settings_schema: {required: [c], properties: {a: {default: 1}, b: {default: 1}}}"
    )
    reading = read_manifest(MANIFEST + more)
    assert reading.problems == ()
    assert reading.manifest is not None
    assert reading.manifest.settings == {"a": 1, "b": 2}
    assert "also a mistyped one" in str(reading.warnings[0])
