"""What a statement brings, and how a database says no."""

from __future__ import annotations

from typing import Literal, NamedTuple

#: The class of PEP 249 that the author's code will catch.
Kind = Literal[
    "DataError",
    "DatabaseError",
    "IntegrityError",
    "InterfaceError",
    "InternalError",
    "NotSupportedError",
    "OperationalError",
    "ProgrammingError",
]


class DatabaseRefusal(Exception):
    """A database said no to a plugin's statement; the message reaches the author's code."""

    def __init__(self, kind: Kind, message: str, *, missing: str = "") -> None:
        super().__init__(message)
        self.kind = kind
        #: The name of the table or view that does not exist, or may not be read, if that is it.
        self.missing = missing


class Column(NamedTuple):
    """One column of a result."""

    name: str
    #: What the SDK makes of the values: `timestamp`, `date`, `time`, `decimal`, `uuid`,
    #: `boolean`, or empty for values that are what they are.
    type: str = ""
