"""The verb `logs`: what a plugin wrote, from its own file."""

from __future__ import annotations

import json
import logging
import re
from argparse import ArgumentTypeError, Namespace
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from plugins_registry.commands.log_lines import Log, log_path
from plugins_registry.commands.parsers import Verbs, add_json, add_verb
from plugins_registry.commands.terminal import Terminal, indented
from plugins_registry.services.changes import find

LINES = 50
LEVELS = ("debug", "info", "warning", "error", "critical")

_AGO = re.compile(r"([0-9]{1,6})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_OTHER_LEVEL = re.compile(r"Level ([0-9]{1,3})")

Record = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which records shall be shown."""

    #: The least level, as a number.
    level: int
    #: None for all, whenever they were written.
    since: datetime | None
    #: In lower case; empty for all.
    search: str

    def takes(self, record: Record, line: str) -> bool:
        """Whether a record is one of them."""
        if _level(record) < self.level or (self.since and not self._is_new(record)):
            return False
        return self.search in _text(record, line).lower()

    def _is_new(self, record: Record) -> bool:
        try:
            return self.since is None or datetime.fromisoformat(record["time"]) >= self.since
        except (KeyError, TypeError, ValueError):
            return False


def register(verbs: Verbs) -> None:
    """Add this group's parser."""
    parser = add_verb(verbs, "logs", logs)
    parser.add_argument("--follow", action="store_true", help="go on until interrupted")
    parser.add_argument(
        "--lines", type=int, metavar="N", help=f"the last N lines ({LINES}; with --since all)"
    )
    parser.add_argument("--level", choices=LEVELS, default="debug", help="this level and above")
    parser.add_argument(
        "--since", type=_since, metavar="WHEN", help="like 10m, 2h, 3d, or 2026-01-31T12:00"
    )
    parser.add_argument("--search", default="", metavar="TEXT", help="only lines that hold it")
    add_json(parser)


def logs(options: Namespace, terminal: Terminal) -> None:
    """Show the last lines of a plugin's log."""
    wanted = Wanted(
        level=logging.getLevelNamesMapping()[options.level.upper()],
        since=options.since,
        search=options.search.lower(),
    )
    count = options.lines
    if count is None and options.since is None:
        count = LINES
    write = _write_json if options.json else _write_text
    with closing(Log(log_path(find(options.name).name))) as log:
        for record in deque(
            _taken(log.written(), wanted), None if count is None else max(count, 0)
        ):
            write(record, terminal)
        terminal.flush()
        if options.follow:
            for record in _taken(log.coming(), wanted):
                write(record, terminal)
                terminal.flush()


def _taken(lines: Iterable[str], wanted: Wanted) -> Iterator[Record]:
    for line in lines:
        record = _record(line)
        if wanted.takes(record, line):
            yield record


def _since(text: str) -> datetime:
    if ago := _AGO.fullmatch(text):
        return datetime.now(UTC) - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(
            f"{text!r} is no time; write it like 10m, 2h, 3d or 2026-01-31T12:00"
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _write_json(record: Record, terminal: Terminal) -> None:
    # Read and written again: raw bytes of a plugin could steer the terminal.
    terminal.line(json.dumps(record))


def _write_text(record: Record, terminal: Terminal) -> None:
    parts = [str(record.get(key, "")) for key in ("time", "level", "message")]
    if call := record.get("call"):
        parts.append(f"({call})")
    if extra := record.get("extra"):
        parts.append(json.dumps(extra))
    if record.get("exception"):
        parts.append(f"\n{record['exception']}")
    terminal.line(indented(" ".join(parts)))


def _text(record: Record, line: str) -> str:
    """All that can be searched for, as it reads and not as JSON escapes it."""
    if len(record) == 1:
        return line
    extra = json.dumps(record.get("extra", {}), ensure_ascii=False)
    words = [record.get(key, "") for key in ("message", "logger", "call", "call_id", "exception")]
    return " ".join(map(str, (*words, extra)))


def _level(record: Record) -> int:
    name = str(record.get("level", ""))
    if other := _OTHER_LEVEL.fullmatch(name):
        return int(other[1])
    return logging.getLevelNamesMapping().get(name, logging.INFO)


def _record(line: str) -> Record:
    try:
        record = json.loads(line)
    except ValueError:
        record = None
    return record if isinstance(record, dict) else {"message": line.rstrip("\n")}
