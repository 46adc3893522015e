"""How log lines look to people: the facts of a record follow its words."""

from __future__ import annotations

import logging

#: What every record carries anyway; everything else was given as `extra`.
_USUAL = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
#: Django's own extras, which are objects and not facts to read.
_OBJECTS = frozenset({"request", "server_time", "data"})
_LONGEST_FACT = 200


class TextFormatter(logging.Formatter):
    """Appends the facts of `extra` as `name=value`, so that text says what JSON says."""

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
