"""What a scan found: how grave, of which kind, where, in plain words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any, Self

#: The file to which findings about the manifest belong.
MANIFEST_FILE = "plugin.yaml"


class Severity(StrEnum):
    """What follows from a finding; the gravest first."""

    #: The code certainly offers what the manifest does not allow it: not installed.
    CONTRADICTION = "contradiction"
    #: Plugins seldom need it and attackers often do: worth a look, the sandbox holds it.
    RISK = "risk"
    #: Code and manifest do not seem to fit: something will probably be refused when it runs.
    DOUBT = "doubt"
    #: Good to know.
    NOTE = "note"


class Code(StrEnum):
    """The kinds of findings, stable for programs."""

    #: A hook is handled and not listed, or listed and not handled.
    HOOK = "hook"
    #: A path is answered and not claimed, or claimed and not answered, or cannot be a plugin's.
    PATH = "path"
    #: A user permission that no plugin may have.
    PERMISSION = "permission"
    #: A decorator whose argument is computed.
    COMPUTED = "computed"
    #: A module that nothing declared brings.
    IMPORT = "import"
    #: A file that hides one of Python's modules.
    SHADOW = "shadow"
    #: A capability is needed and not asked for, or asked for and not needed.
    CAPABILITY = "capability"
    #: Statements that write to the chat's views.
    VIEW = "view"
    #: Text is run as code.
    EVALUATION = "evaluation"
    #: Programs or processes are started.
    PROGRAM = "program"
    #: Memory and libraries are used around Python.
    NATIVE = "native"
    #: Data is read in a way that can run code.
    UNPICKLING = "unpickling"
    #: Modules are imported by a computed name, or Python's import is bent.
    IMPORTING = "importing"
    #: Sockets are opened by hand.
    SOCKET = "socket"
    #: Files are written.
    WRITING = "writing"
    #: Threads or processes beside those that the SDK offers.
    THREADS = "threads"
    #: Python's own insides are reached.
    INSIDES = "insides"
    #: Text is decoded and run.
    DISGUISE = "disguise"
    #: Characters that nobody sees, or that turn text around.
    HIDDEN = "hidden"
    #: A line that no person reads.
    LONG_LINE = "long_line"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that an admin may want to know."""

    severity: Severity
    code: Code
    #: What it is and what follows, a sentence without its place.
    message: str
    #: Relative to the package; empty when it is about all of it.
    file: str = ""
    #: Counted from 1; 0 when it is about the whole file.
    line: int = 0
    #: How often the same was found in this file; the line is the first one's.
    times: int = 1

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        told = f"{self.message} ({self.times} times)" if self.times > 1 else self.message
        return f"{place}: {told}" if place else told

    @property
    def identity(self) -> str:
        """What stays the same when lines move: to compare releases by."""
        return f"{self.file}: {self.message}" if self.file else self.message

    def to_json(self) -> dict[str, Any]:
        """For the release's column."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """From the release's column."""
        return cls(
            severity=Severity(stored["severity"]),
            code=Code(stored["code"]),
            message=stored["message"],
            file=stored["file"],
            line=stored["line"],
            times=stored.get("times", 1),
        )


def merged(findings: Iterable[Finding]) -> list[Finding]:
    """The gravest first, then by place; what is the same in a file told once."""
    ranks = {severity: rank for rank, severity in enumerate(Severity)}
    places: dict[tuple[Severity, Code, str], list[Finding]] = {}
    for finding in dict.fromkeys(findings):
        places.setdefault((finding.severity, finding.code, finding.identity), []).append(finding)
    told = [
        replace(min(same, key=lambda each: each.line), times=sum(each.times for each in same))
        for same in places.values()
    ]
    return sorted(told, key=lambda each: (ranks[each.severity], each.file, each.line))
