"""How long the database server may work for one plugin."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from plexichat_plugin_sdk._answers.sql.statements import Dialect
from plugin_runtime.gateway.asking import Asker
from plugin_runtime.gateway.database import pacing
from plugin_runtime.gateway.pace import Pace


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The server is PostgreSQL, every plugin's account has nothing in it, nobody really waits."""
    waited: list[float] = []
    monkeypatch.setattr(pacing, "store", lambda: SimpleNamespace(dialect=Dialect.POSTGRESQL))
    monkeypatch.setattr(pacing, "pace_of", lambda plugin: Pace(share=0.5, burst_seconds=0.0))
    monkeypatch.setattr(time, "sleep", waited.append)
    return waited


@pacing.paced
def slow(asker: Asker, arguments: Mapping[str, Any]) -> str:
    threading.Event().wait(arguments["seconds"])
    return "answer"


def test_who_keeps_the_server_busy_waits_as_long_again(waits: list[float]) -> None:
    assert slow(Asker("alpha", "1.0.0"), {"seconds": 0.06}) == "answer"
    (wait,) = waits
    assert wait >= 2 * (0.06 - pacing.FREE_SECONDS) * 0.9


def test_quick_statements_are_free(waits: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pacing, "FREE_SECONDS", 10.0)
    slow(Asker("alpha", "1.0.0"), {"seconds": 0.0})
    assert waits == []


def test_what_we_do_ourselves_is_counted_elsewhere(
    waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pacing, "store", lambda: SimpleNamespace(dialect=Dialect.SQLITE))
    slow(Asker("alpha", "1.0.0"), {"seconds": 0.06})
    assert waits == []


def test_each_plugin_has_an_account_of_its_own() -> None:
    pacing.pace_of("alpha").charge(pacing.BURST_SECONDS + 1)
    try:
        assert pacing.pace_of("alpha").charge(0.0) > 0
        assert pacing.pace_of("beta").charge(0.0) == 0
    finally:
        pacing._paces.clear()
