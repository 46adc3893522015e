"""The verb `config`: show, get, set and unset a plugin's configuration, and go back."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentTypeError, Namespace
from pathlib import Path
from typing import Any

from plugins_registry import queries, services, waiting
from plugins_registry.commands.parsers import Verbs, add_json, add_verb, add_wait
from plugins_registry.commands.terminal import Terminal, one_line
from plugins_registry.conf import conf
from plugins_registry.exceptions import RegistryError
from plugins_registry.services.changes import find

STDIN = "-"


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
    parser.add_argument(
        "--set-file",
        action="append",
        type=_file_assignment,
        default=[],
        metavar="KEY=PATH",
        help="set a text to a file's contents, - for standard input; keeps secrets out of history",
    )
    parser.add_argument(
        "--unset",
        action="append",
        default=[],
        metavar="KEY",
        help="go back to the plugin's own value",
    )
    parser.add_argument("--history", action="store_true", help="who changed what, newest first")
    parser.add_argument(
        "--return-to",
        type=int,
        metavar="ID",
        help="store again what was stored after that change; 0 for the plugin's own values",
    )
    add_json(parser)
    add_wait(parser)


def config(options: Namespace, terminal: Terminal) -> None:
    """Show a plugin's configuration, get one value, set values, or go back to earlier ones."""
    find(options.name)
    _change(options)
    if options.history:
        _write_history(options, terminal)
        return
    effective = queries.effective_config(options.name)
    terminal.json(effective if options.get is None else _value(effective, options.get))


def _change(options: Namespace) -> None:
    values = {**dict(options.set), **{key: _contents(path) for key, path in options.set_file}}
    if options.return_to is not None:
        if values or options.unset:
            raise RegistryError("--return-to stands alone; set further values afterwards")
        services.return_config(options.name, options.return_to)
    elif values or options.unset:
        services.configure(options.name, values, unset=options.unset)
    else:
        return
    if options.wait is not None:
        waiting.settle()


def _write_history(options: Namespace, terminal: Terminal) -> None:
    changes = queries.config_history(options.name)
    if options.json:
        terminal.json([_facts(change) for change in changes])
    elif not changes:
        terminal.line("nothing was ever set")
    else:
        rows = (
            (change.id, f"{change.at:%Y-%m-%d %H:%M:%S}", change.who, one_line(_told(each)))
            for change in changes
            for each in change.differences
        )
        terminal.table(("id", "when", "who", "change"), rows)


def _told(difference: queries.Difference) -> str:
    before, after = json.dumps(difference.before), json.dumps(difference.after)
    return f"{difference.key}: {before} → {after}"


def _facts(change: queries.ConfigChange) -> dict[str, Any]:
    differences = [
        {"key": each.key, "before": each.before, "after": each.after} for each in change.differences
    ]
    at = change.at.isoformat(timespec="seconds")
    return {"id": change.id, "at": at, "who": change.who, "changes": differences}


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


def _contents(path: str) -> str:
    """A file's text without the line end that editors leave; bounded before it is read."""
    most = conf.CONFIG_MAX_BYTES
    try:
        if path == STDIN:
            raw = sys.stdin.buffer.read(most + 1)
        else:
            with Path(path).open("rb") as file:
                raw = file.read(most + 1)
        text = raw.decode()
    except (OSError, UnicodeDecodeError) as error:
        raise RegistryError(f"{path} cannot be read as text: {error.__class__.__name__}") from None
    if len(raw) > most:
        raise RegistryError(f"{path} is larger than the {most} bytes that a configuration may have")
    return text.removesuffix("\n").removesuffix("\r")


def _assignment(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise ArgumentTypeError(f"{text!r} is not KEY=JSON; write it like retention_days=30")
    try:
        return key, json.loads(value)
    except ValueError:
        return key, value


def _file_assignment(text: str) -> tuple[str, str]:
    key, equals, path = text.partition("=")
    if not key or not equals or not path:
        raise ArgumentTypeError(f"{text!r} is not KEY=PATH; write it like api_key=key.txt")
    return key, path
