"""A plugin's connection without a plugin: the SDK's on one side, the gateway's on the other."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from django.test.utils import override_settings

from plexichat_plugin_sdk import exceptions
from plexichat_plugin_sdk.database import Connection, get_db_connection
from plugin_runtime.gateway import questions, standing
from plugin_runtime.gateway.asking import Asker
from plugin_runtime.gateway.database.stores import store
from plugin_runtime.gateway.refusal import Refusal
from plugins_registry.queries import Standing

ALL_DATA = frozenset({"user_data_read", "message_data_read", "channel_data_read"})


class Wire:
    """One borrowed line: whatever crosses it is encoded and decoded as on a socket."""

    def __init__(self, plugin: str) -> None:
        self.asker = Asker(plugin, "1.0.0")
        self.asked: list[str] = []
        self.is_open = True

    def ask(self, what: str, arguments: dict[str, Any]) -> Any:
        self.asked.append(what)
        sent = msgspec.msgpack.decode(msgspec.msgpack.encode(arguments))
        try:
            answer = questions.answer(self.asker, what, sent)
        except Refusal as refusal:
            raise exceptions.by_code(refusal.code, str(refusal), refusal.details) from None
        return msgspec.msgpack.decode(msgspec.msgpack.encode(answer))

    def give_back(self) -> None:
        self.drop()

    def drop(self) -> None:
        self.is_open = False
        self.asker.end()


class Plugins:
    """Plugins that have nothing but a name, what they were granted, and a database."""

    def __init__(self) -> None:
        self.grants: dict[str, frozenset[str]] = {}
        self.wires: list[Wire] = []
        self._names: set[str] = set()
        self._acting = ""

    def standing_of(self, plugin: str) -> Standing:
        granted = self.grants.setdefault(plugin, frozenset())
        return Standing(name=plugin, grants=granted, asked=ALL_DATA)

    def connect(self, plugin: str = "alpha") -> Connection:
        """Return a connection of that plugin's, as its own code would get it."""
        self.named(plugin)
        connection = get_db_connection()
        connection._line = self.borrow(plugin)
        return connection

    def named(self, plugin: str) -> None:
        """Remember that a plugin may own something now."""
        self._names.add(plugin)

    def borrow(self, plugin: str) -> Wire:
        self.wires.append(Wire(plugin))
        return self.wires[-1]

    def end(self) -> None:
        for wire in self.wires:
            wire.drop()
        for plugin in self._names:
            store().purge(plugin)


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A data folder for the plugins' files."""
    folder = Path(tempfile.mkdtemp(prefix="plx-"))
    with override_settings(PLEXICHAT_HOME=folder):
        yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def database(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The chat's database, without a transaction around it: plugins look in from outside.

    Whoever writes into it uses `transactional_db` as well, which empties it again.
    """
    with django_db_blocker.unblock():
        yield


@pytest.fixture
def plugins(home: Path, database: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plugins]:
    """Plugins on this round's database; what they made is gone afterwards."""
    made = Plugins()
    monkeypatch.setattr(standing, "of", made.standing_of)
    yield made
    made.end()


@pytest.fixture
def connect(plugins: Plugins) -> Callable[..., Connection]:
    """Return a function that gives connections of the plugin `alpha`, or of another."""
    return plugins.connect
