"""How log lines look to people: the facts of a record follow its words."""

from __future__ import annotations

import logging
import re

#: What every record carries anyway; everything else was given as `extra`.
_USUAL = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
#: Django's own extras, which are objects and not facts to read.
_OBJECTS = frozenset({"request", "server_time", "data"})
_LONGEST_FACT = 200
#: Plugins' words are among ours: obeyed by a terminal they could rewrite what stands above them.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


class TextFormatter(logging.Formatter):
    """Appends the facts of `extra` as `name=value`, so that text says what JSON says.

    No record looks like two: further lines are set off. No record steers the terminal.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's text, harmless."""
        text = super().format(record).replace("\n", "\n    ")
        return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text)

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Return the line; long facts are cut."""
        facts = [
            f"{name}={str(value)[:_LONGEST_FACT]}"
            for name, value in vars(record).items()
            if name not in _USUAL and name not in _OBJECTS and value not in (None, "")
        ]
        line = super().formatMessage(record)
        return f"{line} ({', '.join(facts)})" if facts else line


class News(logging.Filter):
    """Drops the 503s of the health page: whoever asks is told, and asks every second."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the record is worth a line."""
        request = getattr(record, "request", None)
        return getattr(request, "path", "") != "/healthz"


class InOneLine(logging.Filter):
    """Takes the traceback from a record whose words say everything."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return True; the record is kept."""
        record.exc_info = record.exc_text = None
        return True
