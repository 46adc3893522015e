"""Decorators mark, and a plugin's class is read the way its author means it."""

from __future__ import annotations

import functools
from typing import Any

import pytest

from plexichat_plugin_sdk import Plugin, ValidationError, endpoint, hook, websocket_endpoint
from plexichat_plugin_sdk._marks import gather
from plexichat_plugin_sdk.security import require_permission


def _hooks(plugin: Plugin) -> list[tuple[str, str]]:
    return [(each.name, each.handler.__name__) for each in gather(plugin).hooks]


def test_handlers_come_in_order_of_definition_bases_first() -> None:
    class Base(Plugin):
        @hook("message_sent")
        def zulu(self, data: Any) -> None: ...

    class Sample(Base):
        @hook("message_sent")
        def bravo(self, data: Any) -> None: ...

        @hook("message_sent")
        def alpha(self, data: Any) -> None: ...

    assert [name for _, name in _hooks(Sample())] == ["zulu", "bravo", "alpha"]


def test_an_override_without_a_decorator_keeps_the_mark() -> None:
    class Base(Plugin):
        @hook("message_sent")
        def check(self, data: Any) -> dict[str, Any] | None: ...

    class Sample(Base):
        def check(self, data: Any) -> Any:
            return "mine"

    found = gather(Sample()).hooks[0]
    assert (found.name, found.on_none, found.handler({})) == ("message_sent", "block", "mine")


def test_an_override_with_another_mark_replaces_only_that_kind() -> None:
    class Base(Plugin):
        @endpoint("/old")
        @require_permission("p.read")
        def page(self, request: Any) -> None: ...

    class Sample(Base):
        @endpoint("/new")
        def page(self, request: Any) -> None: ...

    found = gather(Sample()).endpoints
    assert [(each.path, each.permissions) for each in found] == [("/new", ("p.read",))]


def test_assigning_none_takes_a_mark_away() -> None:
    class Base(Plugin):
        @hook("user_login")
        def on_login(self, data: Any) -> None: ...

    class Sample(Base):
        on_login = None  # type: ignore[assignment]

    assert _hooks(Base()) == [("user_login", "on_login")]
    assert _hooks(Sample()) == []


def test_one_method_may_serve_several_hooks_and_aliases_are_resolved() -> None:
    class Sample(Plugin):
        @hook("channel_join")
        @hook("channel_leave")
        def moved(self, data: Any) -> None: ...

    names = [name for name, _ in _hooks(Sample())]
    assert names == ["channel_member_joined", "channel_member_left"]


def test_on_none_overrides_the_annotation() -> None:
    class Sample(Plugin):
        @hook("message_sent", on_none="allow")
        def lenient(self, data: Any) -> dict[str, Any] | None: ...

        @hook("message_sent", on_none="block")
        def strict(self, data: Any) -> None: ...

    assert [each.on_none for each in gather(Sample()).hooks] == ["allow", "block"]


def test_permissions_count_above_and_below_the_endpoint() -> None:
    class Sample(Plugin):
        @require_permission("a")
        @endpoint("/x")
        @require_permission("b")
        def page(self, request: Any) -> None:
            """Show it.

            Not this line.
            """

    found = gather(Sample()).endpoints[0]
    assert (found.permissions, found.methods, found.summary) == (("a", "b"), ("GET",), "Show it.")


def test_marks_survive_wrappers_and_static_methods() -> None:
    def twice(function: Any) -> Any:
        @functools.wraps(function)
        def wrapper(*args: Any) -> Any:
            return function(*args) * 2

        return wrapper

    class Sample(Plugin):
        @twice
        @hook("a")
        def wrapped(self, data: Any) -> str:
            return "x"

        @staticmethod
        @hook("b")
        def inside(data: Any) -> str:
            return "y"

        @hook("c")
        @staticmethod
        def outside(data: Any) -> str:
            return "z"

        @hook("d")
        @classmethod
        def of_class(cls, data: Any) -> str:
            return cls.__name__

    results = [(each.name, each.handler({})) for each in gather(Sample()).hooks]
    assert results == [("a", "xx"), ("b", "y"), ("c", "z"), ("d", "Sample")]


def test_a_shared_wrapper_does_not_leak_marks_back() -> None:
    class Base(Plugin):
        @hook("a")
        def one(self, data: Any) -> None: ...

    class Sample(Base):
        two = hook("b")(functools.wraps(Base.one)(lambda self, data: None))

    assert [each.name for each in gather(Base()).hooks] == ["a"]
    assert [each.name for each in gather(Sample()).hooks] == ["a", "b", "a"]


def test_websockets_are_gathered() -> None:
    class Sample(Plugin):
        @websocket_endpoint("/ws/{room}")
        @require_permission("p")
        def room(self, socket: Any) -> None:
            """Talk."""

    found = gather(Sample()).sockets[0]
    assert (found.path, found.permissions, found.summary) == ("/ws/{room}", ("p",), "Talk.")


def test_a_permission_that_nobody_would_check_is_refused() -> None:
    class Sample(Plugin):
        @require_permission("p.admin")
        def helper(self) -> None: ...

        @endpoint("/x")
        def one(self, request: Any) -> None: ...

        @endpoint("/x", methods=["POST", "GET"])
        def two(self, request: Any) -> None: ...

    with pytest.raises(ValidationError) as caught:
        gather(Sample())
    lines = str(caught.value).splitlines()
    assert lines[0].startswith("helper: @require_permission('p.admin') protects endpoints")
    assert lines[1:] == ["GET /x: handled by one and by two; one must go"]


@pytest.mark.parametrize("name", [None, "", "  ", 5, print])
def test_a_hook_needs_a_name(name: Any) -> None:
    with pytest.raises(ValidationError, match=r"like @hook\('message_sent'\)"):
        hook(name)


def test_a_hook_knows_two_meanings_of_none() -> None:
    with pytest.raises(ValidationError, match="must be 'allow' or 'block', not 'maybe'"):
        hook("message_sent", on_none="maybe")  # type: ignore[arg-type]


@pytest.mark.parametrize("name", [None, "", 5])
def test_a_permission_needs_a_name(name: Any) -> None:
    with pytest.raises(ValidationError, match=r"like 'myplugin\.read'"):
        require_permission(name)


def test_only_methods_are_decorated() -> None:
    with pytest.raises(ValidationError, match="only a method can be decorated, not 5"):
        hook("x")(5)  # type: ignore[type-var]


def test_an_endpoint_tells_all_its_problems() -> None:
    with pytest.raises(ValidationError) as caught:
        endpoint("/a//{b}/{b}/c d", methods=["get", "FETCH"])
    said = str(caught.value)
    assert all(part in said for part in ["'' is no path", "'c d'", "{b} appears twice", "'FETCH'"])


@pytest.mark.parametrize("path", ["", "api", None, "/..", "/a?b=1", "/{a b}"])
def test_bad_paths_are_refused(path: Any) -> None:
    with pytest.raises(ValidationError):
        endpoint(path)
    with pytest.raises(ValidationError):
        websocket_endpoint(path)


def test_an_endpoint_needs_a_method_and_takes_one_as_text() -> None:
    with pytest.raises(ValidationError, match="at least one method is needed"):
        endpoint("/a", methods=[])

    class Sample(Plugin):
        @endpoint("/a/", methods="put")
        def page(self, request: Any) -> None: ...

    assert gather(Sample()).endpoints[0].methods == ("PUT",)
