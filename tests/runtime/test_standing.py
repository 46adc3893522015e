"""Standing: grants and permissions of this moment, fresh once settled, free while nothing changes.

All of it is asked from inside a real sandbox.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission

from plexichat_plugin_sdk._wire import codes
from plugin_runtime import conversations, news, permissions
from plugin_runtime.gateway import questions, standing
from plugin_runtime.gateway.asking import Asker
from plugin_runtime.gateway.refusal import Refusal
from plugin_runtime.switchboard import client
from plugins_registry import queries, services
from plugins_registry.permissions import find_permission
from tests.platform import Platform
from tests.waiting import wait_for

pytestmark = pytest.mark.backends
CODE = """
from plexichat_plugin_sdk import Plugin, endpoint
from plexichat_plugin_sdk import _host, security


class Asks(Plugin):
    @endpoint("/api/v1/asks")
    @security.require_permission("asks.use")
    def ask(self, request):
        name, arguments = request.params["name"], request.body
        return getattr(security, name)(**arguments) if name else _host.ask(**arguments)
"""
MANIFEST = """
permissions:
  required: [analytics_write]
  optional: [message_send]
  users: [asks.read]
"""
Ask = Callable[..., Any]


@pytest.fixture
def ask(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Calls a function of the SDK's `security`, or asks the host, from inside the sandbox."""

    def needs(asker: Asker, arguments: Any) -> str:
        standing.require(asker, arguments["capability"])
        return "allowed"

    monkeypatch.setitem(questions.QUESTIONS, "test.needs", needs)
    platform.install(platform.write("asks", CODE, manifest=MANIFEST))
    wait_for(news.is_listening, what="news of changes")

    def from_sandbox(function: str = "", /, **arguments: Any) -> Any:
        request = {"user_id": "u", "method": "GET", "path": "/api/v1/asks", "path_params": {}}
        request |= {"params": {"name": function}, "headers": {}, "body": arguments, "files": {}}
        target = "GET /api/v1/asks"
        status, _, body = conversations.call("asks", "endpoint", target, request, deadline_ms=9000)
        return body if status == 200 else (status, body["detail"])

    return from_sandbox


def needs(ask: Ask, capability: str) -> Any:
    return ask(what="test.needs", capability=capability)


@pytest.fixture
def asked_of_the_registry(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is read of the registry by whoever keeps copies."""
    read: list[str] = []
    for copies in (standing._standings, permissions._held):
        function = copies._read

        def reading(key: str, function: Any = function) -> Any:
            read.append(key)
            return function(key)

        monkeypatch.setattr(copies, "_read", reading)
    plain = queries.generation

    def generation() -> int:
        if threading.current_thread().name.startswith("gateway"):
            read.append("generation")
        return plain()

    monkeypatch.setattr(queries, "generation", generation)
    return read


def test_grants_take_effect_while_the_plugin_runs(platform: Platform, ask: Ask) -> None:
    pid = platform.pid_of("asks")
    assert ask("granted_capabilities") == ["analytics_write", "message_send"]
    assert needs(ask, "message_send") == "allowed"

    services.revoke("asks", ["message_send"])
    client.settle()
    status, detail = needs(ask, "message_send")
    assert status == 403
    assert "lacks the capability 'message_send'" in detail
    assert "plugin grant asks message_send" in detail
    assert ask("has_capability", name="message_send") is False

    services.grant("asks", ["message_send"])
    client.settle()
    assert needs(ask, "message_send") == "allowed"
    assert ask("has_capability", name="message_send") is True
    status, detail = needs(ask, "user_data_read")
    assert status == 403
    assert "under 'permissions:' in plugin.yaml" in detail
    assert platform.pid_of("asks") == pid


def test_a_required_capability_that_is_revoked_stops_the_plugin(
    platform: Platform, ask: Ask
) -> None:
    services.revoke("asks", ["analytics_write"])
    client.settle()
    platform.wait_for_state("asks", "stopped")
    assert standing.of("asks").grants == {"message_send"}


def test_whoever_holds_something_open_hears_of_a_change_before_it_is_settled(
    platform: Platform, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(news, "_listeners", [])
    heard: list[bool] = []
    standing.on_change(lambda: heard.append("message_send" in standing.of("asks").grants))

    def fails() -> None:
        raise RuntimeError("a listener that fails keeps nobody from hearing")

    standing.on_change(fails)
    standing.on_change(lambda: heard.append(True))
    services.revoke("asks", ["message_send"])
    client.settle()
    assert heard[-2:] == [False, True]


def test_what_users_may_do_is_fresh_once_settled(platform: Platform, ask: Ask) -> None:
    user = platform.person()

    def may() -> bool:
        client.settle()
        listed = "asks.read" in ask("get_user_permissions", user_id=user.public_id)
        checked = ask("check_permission", user_id=user.public_id, permission="asks.read")
        assert listed == checked
        return bool(checked)

    permission = find_permission("asks.read")
    assert permission is not None
    assert not may()
    services.permit("ada", ["asks.read"])
    assert may()
    user.user_permissions.remove(permission)
    assert not may()
    group = Group.objects.create(name="readers")
    group.permissions.add(permission)
    user.groups.add(group)
    assert may()
    group.permissions.clear()
    assert not may()
    group.permissions.set([permission])
    assert may()
    group.delete()
    assert not may()
    services.permit("ada", ["asks.read"])
    assert may()
    Permission.objects.filter(codename="read", content_type__app_label="asks").delete()
    assert not may()
    user.is_superuser = True
    user.save()
    client.settle()
    assert ask("check_permission", user_id=user.public_id, permission="asks.read")
    user.is_active = False
    user.save(update_fields=["is_active"])
    assert not may()


def test_a_check_costs_no_query_while_nothing_changes(
    platform: Platform, ask: Ask, asked_of_the_registry: list[str]
) -> None:
    user = platform.person()
    services.permit("ada", ["asks.read"])
    check = {"user_id": user.public_id, "permission": "asks.read"}
    client.settle()
    assert ask("check_permission", **check) is True
    assert needs(ask, "message_send") == "allowed"
    assert asked_of_the_registry == [user.public_id, "asks"]

    generation = queries.generation()
    user.save(update_fields=["last_login"])
    user.display_name = "Ada"
    user.save()
    get_user_model().objects.create_user(username="new", password="a long passphrase")
    client.settle()
    for _ in range(3):
        assert ask("check_permission", **check) is True
        assert needs(ask, "message_send") == "allowed"
    assert ask("get_user_permissions", user_id=user.public_id) == ["asks.read"]
    assert queries.generation() == generation
    assert asked_of_the_registry == [user.public_id, "asks"]


def test_without_news_each_look_compares_generations(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(news, "mark", lambda: None)
    counter = itertools.count(1)
    copies: news.Copies[str, int] = news.Copies(lambda _: next(counter), most=2)
    assert [copies.get("a"), copies.get("a")] == [1, 1]
    with services.changes.change():
        pass
    assert copies.get("a") == 2
    assert [copies.get("b"), copies.get("c"), copies.get("b"), copies.get("a")] == [3, 4, 3, 5]


def test_what_was_read_before_a_change_is_not_kept_after_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    marks = iter([1, 2, 2, 2])
    monkeypatch.setattr(news, "mark", lambda: next(marks))
    read = []

    def slowly(key: str) -> int:
        read.append(key)
        if len(read) == 1:
            copies.get("b")  # another thread, while this one still reads: it has heard the news
        return len(read)

    copies: news.Copies[str, int] = news.Copies(slowly, most=9)
    copies.get("a")
    assert copies.get("a") == 3


def test_nobody_has_standing_who_is_not_installed(db: None) -> None:
    asker = Asker("stranger", "1.0")
    assert standing.of("stranger").grants == frozenset()
    with pytest.raises(Refusal) as refused:
        standing.require(asker, "message_send")
    assert refused.value.code == codes.PERMISSION_DENIED
    assert refused.value.details == {"capability": "message_send"}
