"""The strings between the runtime and its neighbours, tied once at start-up."""

from __future__ import annotations

from typing import Any

from plexichat.chat import events, panels
from plugins_registry import belongings, crypto, signals, waiting

from . import news
from .events import bell, recorder
from .files import Files
from .gateway.cache import CacheKeeper
from .gateway.database.keeper import DatabaseKeeper
from .gateway.database.postgresql import upgrading
from .hooks import filters, message_panel
from .switchboard import client

_tables = DatabaseKeeper()


def connect() -> None:
    """Tie them; a second call changes nothing."""
    events.set_consultant(filters.consult)
    events.set_recorder(recorder.Outbox())
    panels.set_message_panel(message_panel.render)
    signals.changed.connect(_registry_changed, dispatch_uid="plugin_runtime.wake")
    signals.deliveries_due.connect(_deliveries_due, dispatch_uid="plugin_runtime.ring")
    for keeper in (_tables, CacheKeeper(), Files()):
        belongings.register(keeper)
    if _tables not in crypto.counters:
        crypto.counters.append(_tables)
    upgrading.connect()
    if client.settle not in waiting.settlers:
        waiting.settlers.append(client.settle)


def _registry_changed(**announcement: Any) -> None:
    news.note()  # for this process now; the supervisor tells all the others
    client.wake()


def _deliveries_due(*, plugin: str, **_: Any) -> None:
    bell.ring([plugin])
