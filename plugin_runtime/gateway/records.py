"""Log records of plugins: checked, limited, kept in the plugin's file, shown in the host's log."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from plugin_runtime.conf import conf
from plugin_runtime.log_files import LogFile

from .budget import Budget

#: A plugin may log so many times its lines of a second at once.
BURST_SECONDS = 10
#: How long after the first dropped line it is said how many there were, if nothing else is logged.
REPORT_SECONDS = 1.0
MESSAGE_CHARACTERS = 8 * 1024
EXTRA_CHARACTERS = 16 * 1024
#: Of a message in the host's own log, which may be kept for ever; the plugin's file has it all.
HOST_CHARACTERS = 500
_LEVELS = range(0, 51)

host_logger = logging.getLogger("plexichat.plugin")
logger = logging.getLogger(__name__)


class Journal:
    """The log of one plugin; safe for the threads of its lines."""

    def __init__(self, plugin: str) -> None:
        self._plugin = plugin
        self._lock = threading.Lock()
        rate = conf.log_lines_per_second
        self._budget = Budget(per_second=rate, at_once=rate * BURST_SECONDS)
        self._dropped = 0
        self._release = ""
        self._report: threading.Timer | None = None
        self._file = LogFile(plugin, bytes_limit=conf.log_bytes)

    def record(self, release: str, fields: Mapping[str, Any]) -> None:
        """Keep one record that a plugin told; too many are dropped, and it is said how many."""
        with self._lock:
            if not self._budget.take():
                self._drop(release)
                return
            self._report_dropped()
            self._write(_as_line(fields, release))

    def close(self) -> None:
        """Say what is left to say, and close the file."""
        with self._lock:
            self._report_dropped()
            self._file.close()

    def _drop(self, release: str) -> None:
        self._release = release
        self._dropped += 1
        if self._report is None:
            # What was dropped is said even if the plugin falls silent now.
            self._report = threading.Timer(REPORT_SECONDS, self._say_dropped)
            self._report.daemon = True
            self._report.start()

    def _say_dropped(self) -> None:
        with self._lock:
            self._report_dropped()

    def _report_dropped(self) -> None:
        """Say how many lines were dropped since this was said last, if any."""
        if self._report is not None:
            self._report.cancel()
            self._report = None
        if not self._dropped:
            return
        count, self._dropped = self._dropped, 0
        fields = {
            "level": logging.WARNING,
            "logger": "plexichat",
            "message": f"{count} lines were dropped: more than {conf.log_lines_per_second} a "
            "second were logged",
            "extra": {"dropped": count},
        }
        self._write(_as_line(fields, self._release))

    def _write(self, line: dict[str, Any]) -> None:
        level = line["level"]
        named = {**line, "level": logging.getLevelName(level)}
        try:
            self._file.write(json.dumps(named))
        except OSError:  # no room, or no rights: the host's own log still has its part
            logger.exception("a plugin's log cannot be written", extra={"plugin": self._plugin})
        facts = {name: line[name] for name in ("release", "call", "call_id")}
        text = line["message"][:HOST_CHARACTERS]
        host_logger.log(level, "%s", text, extra={"plugin": self._plugin, **facts})


def _as_line(fields: Mapping[str, Any], release: str) -> dict[str, Any]:
    """Return what is kept of a record, whatever a plugin may have sent."""
    level = fields.get("level")
    is_level = type(level) is int and level in _LEVELS
    return {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "level": level if is_level else logging.INFO,
        "logger": _text(fields, "logger")[:200],
        "message": _text(fields, "message")[:MESSAGE_CHARACTERS],
        "extra": _bounded_extra(fields.get("extra")),
        "exception": _text(fields, "exception")[:EXTRA_CHARACTERS],
        "release": release,
        "call": _text(fields, "call")[:100],
        "call_id": _text(fields, "call_id")[:40],
    }


def _text(fields: Mapping[str, Any], name: str) -> str:
    """Return a field that is a text; of anything else even making a text of it might fail."""
    value = fields.get(name, "")
    return value if isinstance(value, str) else ""


def _bounded_extra(extra: Any) -> Any:
    if not isinstance(extra, dict):
        return {}
    try:
        text = json.dumps(extra, default=str, skipkeys=True)
        if len(text) > EXTRA_CHARACTERS:
            return {"truncated": text[:EXTRA_CHARACTERS]}
        return json.loads(text)
    except (RecursionError, ValueError):
        return {"unreadable": True}
