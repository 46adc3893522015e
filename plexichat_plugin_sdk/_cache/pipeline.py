"""Many commands in one question."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any

from plexichat_plugin_sdk import _host
from plexichat_plugin_sdk.exceptions import NotAvailable, PluginError, ValidationError, by_code

from .commands import MOST_COMMANDS, Reply
from .families import AllCommands
from .values import converted

#: Commands of the client that are questions of their own.
_ALONE = frozenset({"keys", "scan_iter", "lock", "pipeline", "ping"})


class Pipeline:
    """Gathers commands, each of which returns the pipeline; `execute` sends them.

    With `transaction` (the default) nobody else's command comes between them, and there may be
    200 at most. A command that is refused does not undo those before it, as in Redis.
    """

    def __init__(self, *, decode: bool, transaction: bool) -> None:
        self._commands: list[tuple[str, list[bytes], Reply]] = []
        self._recorder = _Recorder(self._commands)
        self._decode = decode
        self._transaction = transaction

    def __getattr__(self, name: str) -> Callable[..., Pipeline]:
        if name.startswith("_"):
            raise AttributeError(name)
        if name in _ALONE:
            raise NotAvailable(f"cache.{name} cannot be part of a pipeline; call it by itself")
        method = getattr(self._recorder, name, None)
        if method is None:
            raise not_offered(name)

        def record(*args: Any, **kwargs: Any) -> Pipeline:
            method(*args, **kwargs)
            return self

        return record

    def __len__(self) -> int:
        return len(self._commands)

    def __bool__(self) -> bool:
        return True  # as in redis-py: an empty pipeline is still one

    def __enter__(self) -> Pipeline:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget what was gathered."""
        self._commands.clear()

    def execute(self, raise_on_error: bool = True) -> list[Any]:
        """Send what was gathered and return all replies, in order.

        The first refused command raises, after all were carried out; without `raise_on_error`
        its exception stands in the list instead.
        """
        commands = self._commands.copy()
        self.reset()
        if self._transaction and len(commands) > MOST_COMMANDS:
            raise ValidationError(
                f"a transaction may have {MOST_COMMANDS} commands, this has {len(commands)}; "
                "send it in parts, or use pipeline(transaction=False)"
            )
        replies: list[Any] = []
        for begin in range(0, len(commands), MOST_COMMANDS):
            replies += self._sent(commands[begin : begin + MOST_COMMANDS])
        if raise_on_error:
            _raise_first(replies)
        return replies

    def _sent(self, commands: list[tuple[str, list[bytes], Reply]]) -> list[Any]:
        raw = _host.ask("cache.batch", commands=[[name, args] for name, args, _ in commands])
        return [
            by_code(*each["refused"])
            if isinstance(each, dict)
            else converted(reply, each, self._decode)
            for (_, _, reply), each in zip(commands, raw, strict=True)
        ]


def not_offered(name: str) -> NotAvailable:
    """Return the error for a command that this cache does not have."""
    return NotAvailable(
        f"cache.{name} is not offered: a plugin's cache has the commands that docs/cache.md lists"
    )


def _raise_first(replies: list[Any]) -> None:
    for reply in replies:
        if isinstance(reply, PluginError):
            raise reply


class _Recorder(AllCommands[bytes]):
    """Checks and encodes each command as the client does, and writes it down."""

    def __init__(self, commands: list[tuple[str, list[bytes], Reply]]) -> None:
        self._commands = commands

    def _send(self, name: str, arguments: list[bytes], reply: Reply) -> Any:
        self._commands.append((name, arguments, reply))
