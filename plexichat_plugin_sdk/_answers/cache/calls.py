"""A checked command: known, with as many arguments as it takes, and keys where they belong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from plexichat_plugin_sdk._answers.refusal import Refusal
from plexichat_plugin_sdk._cache.commands import (
    COMMANDS,
    KEY_BYTES,
    MOST_ARGUMENTS,
    MOST_COMMANDS,
    Command,
    Keys,
)
from plexichat_plugin_sdk._wire import codes

#: Of all commands of a batch together.
_MOST_BATCH_ARGUMENTS = 8000


@dataclass(frozen=True, slots=True)
class Call:
    """One command with its arguments."""

    command: Command
    arguments: list[bytes]

    def key_places(self) -> range:
        """Which of the arguments are keys."""
        match self.command.keys:
            case Keys.FIRST:
                return range(1)
            case Keys.ALL:
                return range(len(self.arguments))
            case Keys.PAIRS:
                return range(0, len(self.arguments), 2)


class Store(Protocol):
    """Where one plugin's keys are. All methods raise `Refusal`."""

    def do(self, call: Call) -> Any:
        """Carry out one command; return the reply as Redis' wire has it."""

    def batch(self, calls: Sequence[Call]) -> list[Any]:
        """Carry out many, and nobody else's between them; a refused one's reply is its refusal."""

    def scan(self, cursor: Any) -> tuple[Any, list[bytes]]:
        """Return some keys, and where to go on; `None` begins, and `None` ends."""

    def close(self) -> None:
        """End what the store holds for its line."""


def checked(name: Any, arguments: Any) -> Call:
    """Return a command that may be carried out; raise `Refusal`."""
    command = COMMANDS.get(name) if isinstance(name, str) else None
    if command is None:
        raise Refusal(codes.NOT_AVAILABLE, f"{str(name)[:40]!r} is no command of the cache")
    if type(arguments) is not list or not all(type(each) is bytes for each in arguments):
        raise Refusal(codes.INVALID, f"the arguments of {command.name} must be a list of bytes")
    call = Call(command, arguments)
    _check_count(call)
    for place in call.key_places():
        check_key(arguments[place])
    return call


def checked_batch(commands: Any) -> list[Call]:
    """Return a batch that may be carried out; raise `Refusal`."""
    if type(commands) is not list or len(commands) > MOST_COMMANDS:
        raise Refusal(codes.INVALID, f"a batch is a list of {MOST_COMMANDS} commands at most")
    if not all(type(each) is list and len(each) == 2 for each in commands):
        raise Refusal(codes.INVALID, "each command of a batch is its name and its arguments")
    calls = [checked(name, arguments) for name, arguments in commands]
    if sum(len(call.arguments) for call in calls) > _MOST_BATCH_ARGUMENTS:
        raise Refusal(
            codes.INVALID,
            f"a batch may have {_MOST_BATCH_ARGUMENTS} arguments in all; send it in parts",
        )
    return calls


def check_key(key: bytes, what: str = "a key") -> None:
    """Raise `Refusal` for a key (or pattern) that is too long."""
    if len(key) > KEY_BYTES:
        raise Refusal(
            codes.INVALID,
            f"{what} may have {KEY_BYTES} bytes, this has {len(key)}; use a digest of it",
        )


def _check_count(call: Call) -> None:
    command, count = call.command, len(call.arguments)
    most = command.most or MOST_ARGUMENTS
    if not command.least <= count <= most:
        raise Refusal(
            codes.INVALID,
            f"{command.name} takes {command.least} to {most} arguments, got {count}",
        )
    if command.keys is Keys.PAIRS and count % 2:
        raise Refusal(codes.INVALID, f"{command.name} takes keys and values in turn")
