"""The verb `calls`: what a plugin was asked lately, and how that ended."""

from __future__ import annotations

import json
from argparse import Namespace
from dataclasses import asdict
from time import sleep

from plugins_registry import queries
from plugins_registry.commands.parsers import Verbs, add_json, add_verb
from plugins_registry.commands.terminal import Terminal, one_line
from plugins_registry.services import CallEntry
from plugins_registry.services.calling import KEPT
from plugins_registry.services.changes import find

#: Processes write their calls about once a second.
POLL_SECONDS = 0.5
LINES = 50


def register(verbs: Verbs) -> None:
    """Add this group's parser."""
    parser = add_verb(verbs, "calls", calls)
    parser.add_argument("--follow", action="store_true", help="go on until interrupted")
    parser.add_argument("--failed", action="store_true", help="only those that did not go well")
    parser.add_argument("--lines", type=int, default=LINES, metavar="N", help="the last N calls")
    add_json(parser)


def calls(options: Namespace, terminal: Terminal) -> None:
    """Show the last calls of a plugin, one a line."""
    plugin = find(options.name).name
    shown = queries.last_calls(plugin, options.lines, failed=options.failed)
    if not (shown or options.json or options.follow):
        terminal.line("no calls; each is shown within a second or two of its end")
    _write(shown, options, terminal)
    last = shown[-1].id if shown else 0
    while options.follow:
        sleep(POLL_SECONDS)
        shown = queries.last_calls(plugin, KEPT, failed=options.failed, after=last)
        _write(shown, options, terminal)
        last = shown[-1].id if shown else last


def _write(shown: list[CallEntry], options: Namespace, terminal: Terminal) -> None:
    for entry in shown:
        terminal.line(_document(entry) if options.json else _line(entry))


def _document(entry: CallEntry) -> str:
    return json.dumps(asdict(entry) | {"at": entry.at.isoformat(timespec="milliseconds")})


def _line(entry: CallEntry) -> str:
    at = entry.at.isoformat(timespec="milliseconds")
    facts = one_line(f"{entry.target} {entry.code}")
    return f"{at}  {entry.took_ms:>10,.1f} ms  {entry.outcome:<11}  {entry.kind:<13}  {facts}"
