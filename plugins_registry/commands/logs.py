"""The verb `logs`: what a plugin wrote, from its own file."""

from __future__ import annotations

import json
import os
from argparse import Namespace
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from time import sleep
from typing import Any, TextIO

from plugins_registry.commands.parsers import Verbs, add_json, add_verb
from plugins_registry.commands.terminal import Terminal, indented
from plugins_registry.conf import conf
from plugins_registry.services.changes import find

POLL_SECONDS = 0.2
LINES = 50


def register(verbs: Verbs) -> None:
    """Add this group's parser."""
    parser = add_verb(verbs, "logs", logs)
    parser.add_argument("--follow", action="store_true", help="go on until interrupted")
    parser.add_argument("--lines", type=int, default=LINES, metavar="N", help="the last N lines")
    add_json(parser)


def logs(options: Namespace, terminal: Terminal) -> None:
    """Show the last lines of a plugin's log."""
    path = log_path(find(options.name).name)
    write = _write_json if options.json else _write_text
    for line in last_lines(path, options.lines):
        write(line, terminal)
    if options.follow:
        for line in new_lines(path):
            write(line, terminal)


def log_path(plugin: str) -> Path:
    """Where the gateway writes what the plugin logs: one JSON object a line."""
    return conf.HOME / "logs" / "plugins" / f"{plugin}.jsonl"


def last_lines(path: Path, count: int) -> list[str]:
    """The last lines of the file; none when nothing was logged yet."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return list(deque(file, maxlen=max(count, 0)))
    except FileNotFoundError:
        return []


def new_lines(path: Path) -> Iterator[str]:
    """Whole lines as they are added, for ever; a file that was rotated is opened anew."""
    file = _open_at_end(path)
    try:
        while True:
            if file is None or _is_replaced(file, path):
                file = _reopen(file, path)
            line = _whole_line(file) if file else ""
            if line:
                yield line
            else:
                sleep(POLL_SECONDS)
    finally:
        if file is not None:
            file.close()


def _open_at_end(path: Path) -> TextIO | None:
    file = _reopen(None, path)
    if file is not None:
        file.seek(0, 2)
    return file


def _reopen(file: TextIO | None, path: Path) -> TextIO | None:
    if file is not None:
        file.close()
    try:
        return path.open(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return None


def _is_replaced(file: TextIO, path: Path) -> bool:
    try:
        named = path.stat()
    except FileNotFoundError:
        return True
    return not os.path.samestat(named, os.fstat(file.fileno())) or named.st_size < file.tell()


def _whole_line(file: TextIO) -> str:
    at = file.tell()
    line = file.readline()
    if line.endswith("\n"):
        return line
    file.seek(at)  # the writer has not finished this one
    return ""


def _write_json(line: str, terminal: Terminal) -> None:
    # Read and written again: raw bytes of a plugin could steer the terminal.
    record = _record(line)
    terminal.line(json.dumps(record))


def _write_text(line: str, terminal: Terminal) -> None:
    record = _record(line)
    parts = [str(record.get(key, "")) for key in ("time", "level", "message")]
    if extra := record.get("extra"):
        parts.append(json.dumps(extra))
    if record.get("exception"):
        parts.append(f"\n{record['exception']}")
    terminal.line(indented(" ".join(parts)))


def _record(line: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except ValueError:
        record = None
    return record if isinstance(record, dict) else {"message": line.rstrip("\n")}
