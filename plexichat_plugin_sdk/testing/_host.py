"""The host of a test: answers what plugins ask, as the server's gateway does, and remembers it."""

from __future__ import annotations

import copy
import re
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from plexichat_plugin_sdk import exceptions
from plexichat_plugin_sdk._answers.refusal import Refusal, text
from plexichat_plugin_sdk._host import Identity
from plexichat_plugin_sdk._wire import codes

from . import _lines, _secrets
from ._cache import MemoryCache
from ._clock import Clock
from ._config import Configuration
from ._core import Core
from ._database import Database

DEPTH_LIMIT = 8
#: A larger question ends the line that it came on.
QUESTION_BYTES = 256 * 1024
MESSAGE_CHARACTERS = 8_000
_MESSAGE_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,31}")

Answerer = Callable[[Mapping[str, Any]], Any]


class MockHost:
    """Answers questions; see `_host.Host`. Safe for threads."""

    def __init__(self, identity: Identity, settings: Mapping[str, Any], clock: Clock) -> None:
        self.identity = identity
        self.clock = clock
        self.core = Core()
        self.configuration = Configuration(settings)
        #: What an admin granted, and what the manifest asks for.
        self.granted: set[str] = set()
        self.asked: set[str] = set()
        #: Users' permissions.
        self.permissions: dict[str, set[str]] = {}
        #: What came in: facts and questions, in order.
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.emitted: list[dict[str, Any]] = []
        self.messages: list[dict[str, Any]] = []
        self.broadcasts: list[dict[str, Any]] = []
        self.problems: list[dict[str, Any]] = []
        #: Paths of the plugin's sockets, and who delivers a broadcast to the open ones.
        self.socket_paths: list[str] = []
        self.deliver: Callable[[dict[str, Any]], None] = _nobody
        #: A broken part of the host: what to raise, or how long to wait, by begin of a question.
        self.failures: dict[str, Exception] = {}
        self.delays: dict[str, float] = {}
        #: Another plugin's filter that refuses every message of the bot, with its reason.
        self.refusing: str | None = None
        self.bot_id = f"bot_{identity.plugin}"
        self.database = Database(self.core, clock, lambda: frozenset(self.granted))
        self._cache = MemoryCache(self.clock)
        self._lines = _lines.Lines(self.database, self._answer)
        self._lock = threading.RLock()
        self._answerers = self._table()

    @property
    def config(self) -> dict[str, Any]:
        """The effective configuration."""
        return self.configuration.effective

    def ask(self, what: str, arguments: dict[str, Any]) -> Any:
        """Answer a question, or raise the fitting `PluginError`."""
        return self._answer(what, arguments, None)

    def borrow(self) -> _lines.Line:
        """Return a line of one's own."""
        return self._lines.borrow()

    def ask_for_descriptor(self, what: str, arguments: dict[str, Any]) -> tuple[Any, int]:
        """Refuse: a test reaches the network as Python does, not through the host."""
        raise exceptions.NotAvailable(f"{what!r} is not available in a test")

    def tell(self, what: str, arguments: dict[str, Any]) -> None:
        """Keep a fact."""
        self.told.append((what, arguments))

    def close(self) -> None:
        """End what the host keeps."""
        self.database.close()

    def missing(self, capability: str) -> Refusal:
        """Return the refusal for a capability that was not granted, in the server's words."""
        plugin = self.identity.plugin
        how = f"an admin can grant it: manage.py plugin grant {plugin} {capability}"
        if capability not in self.asked:
            how = "write it under 'permissions:' in plugin.yaml, then an admin can grant it"
        return Refusal(
            codes.PERMISSION_DENIED,
            f"the plugin lacks the capability {capability!r}; {how}",
            capability=capability,
        )

    def _answer(self, what: str, arguments: Mapping[str, Any], line: _lines.Line | None) -> Any:
        self._stumble(what)
        if _bytes_of(arguments) > QUESTION_BYTES:
            if line is not None:
                line.drop()
            raise exceptions.HostError(f"the host went away while it answered {what!r}")
        sent = copy.deepcopy(dict(arguments))
        try:
            if line is not None:
                return _lines.answered(line, what, sent, self.missing)
            answerer = self._answerers.get(what)
            if answerer is None:
                raise Refusal(codes.NOT_AVAILABLE, f"{what!r} is not available in a test")
            with self._lock:
                return copy.deepcopy(answerer(sent))
        except Refusal as refusal:
            raise exceptions.by_code(refusal.code, str(refusal), refusal.details) from None

    def _stumble(self, what: str) -> None:
        """Be as slow or as broken as the test wishes."""
        for begin, seconds in list(self.delays.items()):
            if what.startswith(begin):
                time.sleep(seconds)
        for begin, error in list(self.failures.items()):
            if what.startswith(begin):
                raise error

    def _table(self) -> dict[str, Answerer]:
        plugin = self.identity.plugin
        return {
            "hooks.emit": self._emit,
            "permissions.check": self._has_permission,
            "permissions.of_user": self._permissions_of,
            "capabilities.granted": lambda _: sorted(self.granted),
            "config.get": lambda _: self._told_config(),
            "config.update": self._update_config,
            "crypto.encrypt": lambda asked: _secrets.encrypt(plugin, asked),
            "crypto.decrypt": lambda asked: _secrets.decrypt(plugin, asked),
            "cache.do": self._cache.do,
            "cache.batch": self._cache.batch,
            "cache.scan": self._cache.scan,
            "messages.send": self._send,
            "sockets.broadcast": self._broadcast,
            "problems.background": self._background_failed,
        }

    def _emit(self, asked: Mapping[str, Any]) -> None:
        if asked["depth"] > DEPTH_LIMIT:
            raise Refusal(
                codes.LIMIT_REACHED,
                f"this event was caused by {asked['depth']} others in a row; is it answering "
                "itself?",
            )
        self.emitted.append(dict(asked))

    def _has_permission(self, asked: Mapping[str, Any]) -> bool:
        return text(asked, "permission") in self.permissions.get(text(asked, "user_id"), set())

    def _permissions_of(self, asked: Mapping[str, Any]) -> list[str]:
        return sorted(self.permissions.get(text(asked, "user_id"), set()))

    def _told_config(self) -> dict[str, Any]:
        return {"stored": self.configuration.stored, "effective": self.configuration.effective}

    def _update_config(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        self.configuration.update(self.identity.plugin, asked.get("values"))
        return self._told_config()

    def _send(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        if "message_send" not in self.granted:
            raise self.missing("message_send")
        if asked["depth"] > DEPTH_LIMIT:
            raise Refusal(
                codes.LIMIT_REACHED,
                f"this message answers {asked['depth']} others of plugins in a row; are two bots "
                "talking to each other?",
            )
        self._check_message(asked)
        if self.refusing is not None:
            raise Refusal(codes.MESSAGE_BLOCKED, self.refusing)
        return self._stored_message(asked)

    def _check_message(self, asked: Mapping[str, Any]) -> None:
        channel = self.core.find("channels", channel_id=asked["channel_id"])
        is_member = self.core.find(
            "channel_members", channel_id=asked["channel_id"], user_id=self.bot_id
        )
        if channel is None or (channel["channel_type"] != "public" and not is_member):
            raise Refusal(
                codes.INVALID,
                "there is no such channel that the bot may write to: it writes to public "
                f"channels, and to those of which it is a member. Its user_id is {self.bot_id!r}",
                user_id=self.bot_id,
            )
        problems = []
        if not 0 < len(asked["content"].strip()) <= MESSAGE_CHARACTERS:
            problems.append(f"content: must have 1 to {MESSAGE_CHARACTERS} characters.")
        if not _MESSAGE_TYPE.fullmatch(asked["message_type"]):
            problems.append("message_type: must be one word of at most 32 letters or digits.")
        if problems:
            raise Refusal(codes.INVALID, " ".join(problems))

    def _stored_message(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        facts = {
            "message_id": secrets.token_urlsafe(12),
            "user_id": self.bot_id,
            "channel_id": asked["channel_id"],
            "content": asked["content"],
            "message_type": asked["message_type"],
            "metadata": asked["metadata"],
        }
        self.core.add("messages", timestamp=self.clock.now, **facts)
        message = {**facts, "timestamp": self.clock.text, "edit_time": None}
        self.messages.append(message)
        return message

    def _broadcast(self, asked: Mapping[str, Any]) -> None:
        if asked["path"] not in self.socket_paths:
            there = ", ".join(map(repr, self.socket_paths)) or "none"
            raise Refusal(
                codes.INVALID,
                f"{asked['path'][:200]!r} is no WebSocket path of this plugin; its paths are: "
                f"{there}",
            )
        self.broadcasts.append(dict(asked))
        self.deliver(dict(asked))

    def _background_failed(self, asked: Mapping[str, Any]) -> None:
        self.problems.append(dict(asked))


def _nobody(message: dict[str, Any]) -> None:
    """Deliver nothing: no socket is open."""


def _bytes_of(value: Any) -> int:
    """About how many bytes a value has on the wire."""
    if isinstance(value, str | bytes):
        return len(value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value) + 3
    if isinstance(value, Mapping):
        return sum(_bytes_of(key) + _bytes_of(item) for key, item in value.items()) + 3
    if isinstance(value, list | tuple):
        return sum(map(_bytes_of, value)) + 3
    return 9
