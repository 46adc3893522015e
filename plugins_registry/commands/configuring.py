"""The verb `config`: show, get, set and unset a plugin's configuration."""

from __future__ import annotations

import json
from argparse import ArgumentTypeError, Namespace
from typing import Any

from plugins_registry import queries, services, waiting
from plugins_registry.commands.parsers import Verbs, add_json, add_verb, add_wait
from plugins_registry.commands.terminal import Terminal
from plugins_registry.exceptions import RegistryError
from plugins_registry.services.changes import find


def register(verbs: Verbs) -> None:
    """Add this group's parser."""
    parser = add_verb(verbs, "config", config)
    parser.add_argument("--get", metavar="KEY", help="write one value; dots reach into mappings")
    parser.add_argument(
        "--set",
        action="append",
        type=_assignment,
        default=[],
        metavar="KEY=JSON",
        help="set a value; what is no JSON is taken as text",
    )
    parser.add_argument("--unset", action="append", default=[], metavar="KEY")
    add_json(parser)
    add_wait(parser)


def config(options: Namespace, terminal: Terminal) -> None:
    """Show a plugin's configuration, get one value, or set values."""
    find(options.name)
    if options.set or options.unset:
        services.configure(options.name, dict(options.set), unset=options.unset)
        if options.wait is not None:
            waiting.settle()
    effective = queries.effective_config(options.name)
    terminal.json(effective if options.get is None else _value(effective, options.get))


def _value(values: dict[str, Any], key: str) -> Any:
    if key in values:
        return values[key]
    found: Any = values
    for step in key.split("."):
        if not isinstance(found, dict) or step not in found:
            known = ", ".join(values) or "none"
            raise RegistryError(f"there is no setting {key!r}; known are: {known}")
        found = found[step]
    return found


def _assignment(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise ArgumentTypeError(f"{text!r} is not KEY=JSON; write it like retention_days=30")
    try:
        return key, json.loads(value)
    except ValueError:
        return key, value
