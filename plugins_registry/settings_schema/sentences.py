"""What a misfit is called for people. Pure."""

from __future__ import annotations

import json
from typing import Any

from jsonschema import ValidationError

#: How the sentence for a setting ends that must be there and is not.
REQUIRED = "is required and not set"
_TYPES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "null",
}
_SENTENCES = {
    "minimum": "must be at least {}",
    "maximum": "must be at most {}",
    "exclusiveMinimum": "must be more than {}",
    "exclusiveMaximum": "must be less than {}",
    "multipleOf": "must be a multiple of {}",
    "minLength": "must have at least {} characters",
    "maxLength": "must have at most {} characters",
    "minItems": "must have at least {} items",
    "maxItems": "must have at most {} items",
    "minProperties": "must have at least {} keys",
    "maxProperties": "must have at most {} keys",
    "const": "must be {}",
    "pattern": "must match the pattern {}",
    "uniqueItems": "must not hold the same twice",
    "required": REQUIRED,
    "dependentRequired": "lacks a setting that goes with another one; the schema asks for {}",
    "anyOf": "fits none of the forms that are allowed here",
    "oneOf": "must fit exactly one of the forms that are allowed here",
    "not": "has a form that is not allowed here",
}
CHARACTERS = 60


def sentence(error: ValidationError, *, may_quote: bool) -> str:
    """One misfit, with the value that was given unless that must stay unseen."""
    keyword = str(error.validator)
    wanted: Any = error.validator_value
    if keyword in ("required", "additionalProperties", "None"):
        return _without_value(keyword, error)
    if keyword == "type":
        names = [wanted] if isinstance(wanted, str) else wanted
        text = "must be " + " or ".join(_TYPES[name] for name in names)
    elif keyword == "enum":
        text = "must be one of " + ", ".join(map(_shown, wanted))
    else:
        text = _SENTENCES.get(keyword, f"does not fit {keyword!r}").format(_shown(wanted))
    return f"{text}, got {_got(error.instance)}" if may_quote else text


def _without_value(keyword: str, error: ValidationError) -> str:
    if keyword == "required":
        return _SENTENCES[keyword]
    if keyword == "additionalProperties":
        schema: Any = error.schema
        known = ", ".join(schema.get("properties", {})) or "none"
        return f"there is no such setting; known here are: {known}"
    return "is not allowed here"


def _got(value: Any) -> str:
    if isinstance(value, dict):
        return "a mapping"
    return f"a list of {len(value)}" if isinstance(value, list) else _shown(value)


def _shown(value: Any) -> str:
    text = repr(value) if isinstance(value, str) else json.dumps(value, default=repr)
    return text if len(text) <= CHARACTERS else f"{text[: CHARACTERS - 3]}..."
