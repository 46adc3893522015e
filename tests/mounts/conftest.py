"""The mounts' world: a board made by hand, and a border where plugins would be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from rest_framework.test import APIClient

from plugin_runtime import board as board_module
from plugin_runtime import conversations
from plugin_runtime.switchboard import client as switchboard
from plugins_registry.queries import Board

from . import boards


class Boards:
    """Stands in for `plugin_runtime.board`: what this process knows, and what the registry has."""

    def __init__(self) -> None:
        self.known = self.fresh = boards.board()
        self.looks = 0

    def show(self, *plugins: Any) -> None:
        self.known = self.fresh = boards.board(*plugins)

    def change_unnoticed(self, *plugins: Any) -> None:
        self.fresh = boards.board(*plugins, generation=self.known.generation + 1)

    def current(self) -> Board:
        return self.known

    def refresh(self) -> Board:
        self.looks += 1
        self.known = self.fresh
        return self.known


class Plugin:
    """Stands in for `conversations.call`: remembers calls, answers what it was told to."""

    def __init__(self) -> None:
        self.answer: Any = [200, {}, {"ok": True}]
        self.calls: list[tuple[str, str, str, Any, int]] = []

    def call(self, plugin: str, kind: str, target: str, payload: Any, *, deadline_ms: int) -> Any:
        self.calls.append((plugin, kind, target, payload, deadline_ms))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer(payload) if callable(self.answer) else self.answer

    @property
    def seen(self) -> dict[str, Any]:
        """The payload of the last call."""
        payload: dict[str, Any] = self.calls[-1][3]
        return payload


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Boards:
    fake = Boards()
    monkeypatch.setattr(board_module, "current", fake.current)
    monkeypatch.setattr(board_module, "refresh", fake.refresh)
    return fake


@pytest.fixture
def remote(monkeypatch: pytest.MonkeyPatch) -> Plugin:
    fake = Plugin()
    monkeypatch.setattr(conversations, "call", fake.call)
    return fake


@pytest.fixture
def complaints(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    told: list[Any] = []
    monkeypatch.setattr(switchboard.desk, "tell", told.append)
    return told


@pytest.fixture
def user(db: None) -> Any:
    return get_user_model().objects.create_user("ada", "ada@example.com", "pw")


@pytest.fixture
def api(user: Any) -> APIClient:
    client = APIClient()
    client.force_authenticate(user)
    return client


@pytest.fixture
def permit() -> Callable[[Any, str], Any]:
    """Return a function that gives a user a plugin's permission and returns the user anew."""

    def give(user: Any, label: str) -> Any:
        app_label, codename = label.split(".")
        kind, _ = ContentType.objects.get_or_create(app_label=app_label, model="plugin")
        permission = Permission.objects.create(content_type=kind, codename=codename, name=label)
        user.user_permissions.add(permission)
        return get_user_model().objects.get(pk=user.pk)

    return give
