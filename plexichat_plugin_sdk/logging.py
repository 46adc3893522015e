"""Logging: an ordinary `logging.Logger` whose records reach the plugin's log on the server.

Records are cut to a bounded size and passed on by the binding without waiting. Outside of a
plugin host they only go where Python's logging sends them, so a test sees them as usual.
"""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Mapping
from typing import Any

from . import _host
from ._plain import Shortener

MESSAGE_CHARACTERS = 8 * 1024
EXTRA_CHARACTERS = 16 * 1024
EXCEPTION_CHARACTERS = 16 * 1024

#: All loggers of plugins are below this one.
ROOT_NAME = "plugin"

_STANDARD_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_EXTRA = "_plexichat_extra"
_making = threading.Lock()


class PluginLogger(logging.Logger):
    """A logger that takes any `extra`.

    Python's own refuses keys such as `name` or `message`; a plugin that logs data it was given
    (`extra=error_data`) must not fail because of what that data holds.
    """

    def makeRecord(  # noqa: N802, PLR0913, RUF100 -- the signature is Python's
        self,
        name: str,
        level: int,
        fn: str,
        lno: int,
        msg: object,
        args: Any,
        exc_info: Any,
        func: str | None = None,
        extra: Mapping[str, object] | None = None,
        sinfo: str | None = None,
    ) -> logging.LogRecord:
        """Build the record; colliding keys of `extra` are kept aside, not refused."""
        record = super().makeRecord(name, level, fn, lno, msg, args, exc_info, func, None, sinfo)
        fields = dict(extra) if isinstance(extra, Mapping) else {}
        vars(record)[_EXTRA] = fields
        for key, value in fields.items():
            if key not in _STANDARD_FIELDS:
                vars(record)[key] = value
        return record


class HostHandler(logging.Handler):
    """Tells each record to the host; drops it when there is none."""

    def emit(self, record: logging.LogRecord) -> None:
        """Pass on one record, cut to its bounded size; never raises and never waits."""
        try:
            _host.tell("log.record", **as_arguments(record))
        except Exception:  # a wall: values that are logged may refuse to be looked at
            self.handleError(record)


class OthersOnly(logging.Filter):
    """Lets records pass that no handler of the plugin's own loggers has seen."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record comes from elsewhere, a library for example."""
        return record.name != ROOT_NAME and not record.name.startswith(f"{ROOT_NAME}.")


def get_logger(name: str | None = None) -> logging.Logger:
    """Return the plugin's logger `plugin.<name>`, or `plugin` without a name.

    The level starts at INFO; `setLevel` works as usual. `extra` takes any fields, JSON values
    travel as they are and everything else as text. Messages are cut at 8 KiB, extra and
    exceptions at 16 KiB each.
    """
    if not name or name == ROOT_NAME:
        return _root
    return _made(f"{ROOT_NAME}.{name}")


def as_arguments(record: logging.LogRecord) -> dict[str, Any]:
    """Return a record in the form that the host's `log.record` takes."""
    return {
        "level": int(record.levelno),
        "logger": record.name[:200],
        "message": Shortener(MESSAGE_CHARACTERS).shorten(_message(record)),
        "extra": Shortener(EXTRA_CHARACTERS).shorten(_extra(record)),
        "exception": _exception(record)[-EXCEPTION_CHARACTERS:],
        "call": "",
        "call_id": "",
    }


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # a wall: arguments that do not fit must not lose what was to be said
        return f"{record.msg!r} with arguments that do not fit it: {record.args!r}"


def _extra(record: logging.LogRecord) -> dict[str, Any]:
    fields: dict[str, Any] | None = vars(record).get(_EXTRA)
    if fields is not None:
        return fields
    return {key: value for key, value in vars(record).items() if key not in _STANDARD_FIELDS}


def _exception(record: logging.LogRecord) -> str:
    if not record.exc_info or record.exc_info[0] is None:
        return record.exc_text or ""
    return "".join(traceback.format_exception(*record.exc_info))


def _made(name: str) -> logging.Logger:
    with _making:
        usual = logging.getLoggerClass()
        logging.setLoggerClass(PluginLogger)
        try:
            return logging.getLogger(name)
        finally:
            logging.setLoggerClass(usual)


_root = _made(ROOT_NAME)
_root.setLevel(logging.INFO)
_root.addHandler(HostHandler())
