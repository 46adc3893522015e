"""Log records of plugins: checked, limited, kept in one JSON-lines file per plugin."""

from __future__ import annotations

import json
import logging
import logging.handlers
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from plugin_runtime.conf import conf

from .budget import Budget

#: A plugin may log so many records a second on average, and so many at once.
RECORDS_PER_SECOND = 100.0
BURST_RECORDS = 1000.0
#: Two files of this size are kept per plugin.
FILE_BYTES = 2 * 1024 * 1024
MESSAGE_CHARACTERS = 8 * 1024
EXTRA_CHARACTERS = 16 * 1024
#: Of a message in the host's own log, which may be kept for ever; the plugin's file has it all.
HOST_CHARACTERS = 500
_LEVELS = range(0, 51)

host_logger = logging.getLogger("plexichat.plugin")


class Journal:
    """The log of one plugin; safe for the threads of its lines."""

    def __init__(self, plugin: str, release: str) -> None:
        self._plugin = plugin
        self._release = release
        self._lock = threading.Lock()
        self._budget = Budget(per_second=RECORDS_PER_SECOND, at_once=BURST_RECORDS)
        self._dropped = 0
        folder = conf.home / "logs"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # logs quote what people wrote
        folder.chmod(0o700)
        path = folder / "plugins" / f"{plugin}.jsonl"
        path.parent.mkdir(exist_ok=True)
        self._file = logging.handlers.RotatingFileHandler(
            path, maxBytes=FILE_BYTES, backupCount=1, encoding="utf-8", delay=True
        )

    def record(self, fields: Mapping[str, Any]) -> None:
        """Keep one record that a plugin told; too many are dropped and their number is kept."""
        with self._lock:
            if not self._budget.take():
                self._dropped += 1
                return
            if self._dropped:
                text = f"{self._dropped} records were dropped: more than the allowed rate"
                self._write({"level": logging.WARNING, "logger": "plexichat", "message": text})
                self._dropped = 0
            self._write(fields)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _write(self, fields: Mapping[str, Any]) -> None:
        line = _as_line(fields, self._release)
        level = logging.getLevelName(line["level"])
        record = logging.LogRecord(
            "plugin", line["level"], "", 0, json.dumps({**line, "level": level}), (), None
        )
        self._file.handle(record)
        host_logger.log(
            line["level"],
            "%s",
            line["message"][:HOST_CHARACTERS],
            extra={"plugin": self._plugin, "release": self._release, "call_id": line["call"]},
        )


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
