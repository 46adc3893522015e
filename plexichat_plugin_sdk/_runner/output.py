"""Output: where `print()` and unhandled exceptions of the plugin go, its log."""

from __future__ import annotations

import io
import logging
import sys
import threading

from plexichat_plugin_sdk.logging import HostHandler, OthersOnly, get_logger

_LINE_CHARACTERS = 8000  # a little less than a record may hold


class LogStream(io.TextIOBase):
    """A text stream whose lines become log records."""

    encoding = "utf-8"

    def __init__(self, logger: logging.Logger, level: int) -> None:
        super().__init__()
        self._logger = logger
        self._level = level
        self._lock = threading.RLock()
        self._begun = ""

    def writable(self) -> bool:
        """Always."""
        return True

    def write(self, text: str) -> int:
        """Take text; each finished line is logged, and an overlong one is cut in pieces."""
        with self._lock:
            *lines, rest = (self._begun + text).split("\n")
            while len(rest) > _LINE_CHARACTERS:
                lines.append(rest[:_LINE_CHARACTERS])
                rest = rest[_LINE_CHARACTERS:]
            self._begun = rest
        for line in lines:
            self._say(line)
        return len(text)

    def flush(self) -> None:
        """Log what has no line end yet."""
        with self._lock:
            begun, self._begun = self._begun, ""
        self._say(begun)

    def _say(self, line: str) -> None:
        if line.strip():
            self._logger.log(self._level, "%s", line)


def redirect() -> None:
    """Send print, standard logging and uncaught exceptions of threads to the plugin's log."""
    sys.stdout = LogStream(get_logger("stdout"), logging.INFO)
    sys.stderr = LogStream(get_logger("stderr"), logging.ERROR)
    others = HostHandler()
    others.addFilter(OthersOnly())
    logging.getLogger().addHandler(others)
    threading.excepthook = _thread_raised


def flush() -> None:
    """Log what was printed without a line end."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, LogStream):
            stream.flush()


def _thread_raised(raised: threading.ExceptHookArgs) -> None:
    if raised.exc_value is None or isinstance(raised.exc_value, SystemExit):
        return
    name = raised.thread.name if raised.thread else "a thread"
    exc_info = (raised.exc_type, raised.exc_value, raised.exc_traceback)
    get_logger().error("%s raised and has ended", name, exc_info=exc_info)
