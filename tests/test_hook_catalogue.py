"""One catalogue of hooks: the reference, the page for authors and the server say the same."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from plexichat.chat import events
from plexichat_plugin_sdk._catalogue import CORE_HOOKS, HOOK_ALIASES, Key
from plexichat_plugin_sdk._catalogue_page import page
from plexichat_plugin_sdk._marks import gather
from plugin_runtime.events import errors, recorder
from plugins_registry.manifest import hooks as manifest_hooks
from tests.sdk.reference import reference_code

PAGE = Path(__file__).resolve().parent.parent / "docs" / "hooks.md"
CUSTOM_HOOKS = {"custom_event_occurred"}
EVENTS_OF_THE_CHAT = {
    name for name, hook in CORE_HOOKS.items() if hook.kind == "event" and name != "plugin_error"
}
TYPES = {"str": str, "int": int, "bool": bool, "list": list, "dict": dict}

_KEY = re.compile(r"^ +- (\w+): (\w+) - (.+?)( \(optional\))?$", re.MULTILINE)
_SAME_AS = re.compile(r"\(same as (\w+)\)")

Payload = dict[str, Any]
Told = list[tuple[str, Payload]]


def reference_docstrings() -> dict[str, str]:
    """Return the docstring of the reference's handler of each hook."""
    return {
        name: ast.get_docstring(node, clean=False) or ""
        for block in reference_code()
        for node in ast.walk(ast.parse(block))
        if isinstance(node, ast.FunctionDef)
        for name in hooks_of(node)
    }


def hooks_of(method: ast.FunctionDef) -> Iterator[str]:
    for decorator in method.decorator_list:
        match decorator:
            case ast.Call(func=ast.Name(id="hook"), args=[ast.Constant(value=str() as name)]):
                yield name


def keys_of(docstring: str) -> tuple[Key, ...]:
    """Return the keys that a docstring of the reference lists, its own or another hook's."""
    same = _SAME_AS.search(docstring)
    if same:
        return keys_of(reference_docstrings()[same[1]])
    return tuple(
        Key(name, kind, text, optional=bool(optional))
        for name, kind, text, optional in _KEY.findall(docstring)
    )


def misfit(hook: str, payload: Payload) -> str:
    """Return what a payload has too much, too little or of a wrong type; empty when it fits."""
    keys = {key.name: key for key in CORE_HOOKS[hook].keys}
    required = {key.name for key in keys.values() if not key.optional}
    odd = {
        *(f"lacks {name}" for name in required - payload.keys()),
        *(f"has {name}" for name in payload.keys() - keys.keys()),
        *(
            f"{name} is a {type(value).__name__}"
            for name, value in payload.items()
            if name in keys and type(value) is not TYPES[keys[name].type]
        ),
    }
    return ", ".join(sorted(odd))


def test_the_catalogue_lists_exactly_the_references_hooks() -> None:
    assert set(CORE_HOOKS) == reference_docstrings().keys() - CUSTOM_HOOKS


@pytest.mark.parametrize("name", CORE_HOOKS)
def test_keys_types_and_words_are_those_of_the_reference(name: str) -> None:
    docstring = reference_docstrings()[name]
    hook = CORE_HOOKS[name]
    assert tuple(key for key in hook.keys if not key.added) == keys_of(docstring)
    assert docstring.strip().splitlines()[0] == hook.summary


def test_only_these_keys_go_beyond_the_reference() -> None:
    added = {
        name: [key.name for key in hook.keys if key.added] for name, hook in CORE_HOOKS.items()
    }
    assert {name: keys for name, keys in added.items() if keys} == {
        "message_sent": ["is_edit"],
        # Here the reference says "Error information" and lists nothing.
        "plugin_error": ["plugin", "error_type", "hook", "error_message", "timestamp"],
    }


def test_the_page_for_authors_is_the_catalogue() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), (
        "docs/hooks.md differs from the catalogue; make it anew with "
        "`python -m plexichat_plugin_sdk._catalogue_page > docs/hooks.md`"
    )


def test_the_pages_example_is_a_plugin() -> None:
    (block,) = re.findall(r"^```python\n(.*?)^```$", page(), re.DOTALL | re.MULTILINE)
    names: Payload = {"__name__": "example"}
    exec(compile(block, "example.py", "exec"), names)  # noqa: S102 -- our own page
    assert [each.name for each in gather(names["Counter"]()).hooks] == ["user_login"]


def test_manifests_know_the_same_hooks_and_older_names() -> None:
    assert set(CORE_HOOKS) == manifest_hooks.CORE_HOOKS
    assert HOOK_ALIASES == manifest_hooks.ALIASES


class Collector:
    """A recorder that subscribes to everything."""

    def __init__(self) -> None:
        self.told: Told = []

    def event(self, hook: str, build: Callable[[], Payload]) -> None:
        self.told.append((hook, build()))

    def message_stored(self, message_id: str) -> None:
        """Nothing to do: a message that is stored is no event."""


@pytest.fixture
def asked() -> Iterator[list[Payload]]:
    """What the chat asks its filters."""
    messages: list[Payload] = []
    before = events._consultant

    def consultant(message: Payload) -> Payload:
        messages.append(dict(message))
        return message

    events.set_consultant(consultant)
    yield messages
    events.set_consultant(before)


@pytest.fixture
def told() -> Iterator[Told]:
    """What the chat tells its recorder."""
    before, collector = events._recorder, Collector()
    events.set_recorder(collector)
    yield collector.told
    events.set_recorder(before)


class Person(APIClient):
    """Somebody who registers and then lives through the API."""

    def __init__(self, name: str) -> None:
        super().__init__()
        facts = {"username": name, "email": f"{name}@example.com", "password": "a long horse 7"}
        self.id = self.done("post", "auth/register", facts)["user_id"]
        token = self.done("post", "auth/login", facts)["token"]
        self.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")

    def done(self, verb: str, path: str, body: Payload | None = None) -> Any:
        answer = getattr(self, verb)(f"/api/v1/{path}", body or {}, format="json")
        assert 200 <= answer.status_code < 300, answer.content
        return answer.json() if answer.content else None


def live_a_little() -> None:
    """Do everything that a hook tells of, with and without what is optional."""
    ann, bob = Person("ann"), Person("bob")
    ann.done("patch", "users/me", {"display_name": "Ann"})
    place = f"channels/{ann.done('post', 'channels', channel())['channel_id']}"
    bob.done("post", f"{place}/members")
    bob.done("delete", f"{place}/members/me")
    ann.done("post", f"{place}/members", {"user_id": bob.id})
    ann.done("delete", f"{place}/members/{bob.id}")
    for why in ({"reason": "a slip"}, {}):
        said = ann.done("post", f"{place}/messages", {"content": "hello"})
        message = f"messages/{said['message_id']}"
        ann.done("patch", message, {"content": "hello again"})
        ann.done("delete", message, why)
    bob.done("post", "auth/logout")


def channel() -> Payload:
    return {"name": "town square", "channel_type": "public"}


@pytest.mark.django_db
def test_the_chat_tells_exactly_what_the_catalogue_says(told: Told) -> None:
    live_a_little()
    assert {hook for hook, _ in told} == EVENTS_OF_THE_CHAT
    odd = [f"{hook}: {misfit(hook, payload)}" for hook, payload in told if misfit(hook, payload)]
    assert not odd, "\n".join(odd)


@pytest.mark.django_db
def test_optional_keys_come_and_stay_away(told: Told) -> None:
    live_a_little()
    for hook, key in [
        ("message_deleted", "reason"),
        ("channel_member_joined", "invited_by"),
        ("channel_member_left", "reason"),
    ]:
        assert {key in payload for name, payload in told if name == hook} == {True, False}, hook


@pytest.mark.django_db
def test_filters_are_asked_exactly_what_the_catalogue_says(asked: list[Payload]) -> None:
    live_a_little()
    assert {"is_edit" in message for message in asked} == {True, False}
    assert not any(misfit("message_sent", message) for message in asked)


def test_errors_of_plugins_are_told_as_the_catalogue_says(monkeypatch: pytest.MonkeyPatch) -> None:
    told: Told = []
    monkeypatch.setattr(
        recorder, "tell_others", lambda hook, payload, **_: told.append((hook, payload))
    )
    errors.tell("sample", "event:user_login")
    errors.tell("sample", "load")
    assert [(hook, misfit(hook, payload)) for hook, payload in told] == [("plugin_error", "")] * 2


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        ({"user_id": "u", "logout_time": "t", "session_duration": 1}, ""),
        ({"user_id": "u", "logout_time": "t", "session_duration": 1.5}, "session_duration is a f"),
        ({"user_id": None, "logout_time": "t", "session_duration": 1}, "user_id is a NoneType"),
        ({"user_id": "u", "session_duration": 1, "token": "t"}, "has token, lacks logout_time"),
    ],
)
def test_a_payload_that_differs_is_noticed(payload: Payload, said: str) -> None:
    assert misfit("user_logout", payload)[: len(said) or None] == said
