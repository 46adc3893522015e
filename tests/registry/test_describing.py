"""What a loaded release offers: allowed or refused, and who is told."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission

from plugins_registry import queries, services
from plugins_registry.exceptions import DescriptionRefused
from plugins_registry.models import Plugin, Release
from plugins_registry.services.describing import PERMISSIONS
from tests.registry.conftest import Install

pytestmark = [pytest.mark.django_db, pytest.mark.backends]


def endpoint(path: str, *methods: str, permissions: list[str] | None = None) -> dict[str, Any]:
    return {
        "path": path,
        "methods": list(methods) or ["GET"],
        "permissions": permissions or [],
        "summary": "",
    }


def socket(path: str, permissions: list[str] | None = None) -> dict[str, Any]:
    return {"path": path, "permissions": permissions or [], "summary": ""}


def describe(plugin: Plugin, **offers: Any) -> None:
    assert plugin.release is not None
    services.describe(
        plugin.release.pk,
        hooks=offers.get("hooks", []),
        endpoints=offers.get("endpoints", []),
        sockets=offers.get("sockets", []),
    )


def described() -> dict[str, Any]:
    description: dict[str, Any] | None = Release.objects.get().description
    assert description is not None
    return description


def test_an_offer_is_kept_and_shown_on_the_board(install: Install) -> None:
    plugin = install("demo")
    services.enable("demo")
    describe(
        plugin,
        hooks=[{"name": "message_sent", "on_none": "block"}],
        endpoints=[endpoint("/api/v1/demo/{id}", "get", "PUT", permissions=["demo.read"])],
        sockets=[socket("/ws/demo", ["demo.listen"])],
    )
    (row,) = queries.board().plugins
    assert row.hooks == (("message_sent", "block"),)
    assert row.endpoints[0].methods == ("GET", "PUT")
    assert row.endpoints[0].permissions == ("demo.read",)
    assert row.sockets[0].path == "/ws/demo"


def test_marks_may_come_as_lists(install: Install) -> None:
    plugin = install("demo")
    describe(plugin, hooks=[["message_sent", "block"]], endpoints=[["/api/d", ["GET"], [], ""]])
    description = described()
    assert description["hooks"] == [{"name": "message_sent", "on_none": "block"}]
    assert description["endpoints"][0]["path"] == "/api/d"


def test_hook_aliases_of_the_code_are_resolved(install: Install) -> None:
    describe(install("demo"), hooks=[{"name": "channel_join", "on_none": "allow"}])
    assert described()["hooks"][0]["name"] == "channel_member_joined"


def test_permissions_are_created_for_admins_to_assign(install: Install) -> None:
    plugin = install("demo", "permissions: {users: [demo.extra]}")
    describe(plugin, endpoints=[endpoint("/api/d", permissions=["demo.read"])])
    labels = Permission.objects.filter(content_type__app_label="demo")
    assert set(labels.values_list("codename", flat=True)) == {"read", "extra"}


@pytest.mark.parametrize(
    ("offers", "words"),
    [
        ({"endpoints": [endpoint("/api/v1/users/x")]}, "the server's own '/api/v1/users'"),
        ({"endpoints": [endpoint("/elsewhere")]}, "does not begin with /api/ or /ws/"),
        ({"endpoints": [endpoint("/ws/x")]}, "must begin with '/api/'"),
        ({"sockets": [socket("/api/x")]}, "must begin with '/ws/'"),
        ({"sockets": [socket("/ws/chat")]}, "the server's own '/ws/chat'"),
        ({"endpoints": [endpoint("/api/x", "BREW")]}, "unknown methods BREW"),
        ({"endpoints": [endpoint("/api/x"), endpoint("/api/x")]}, "answers GET twice"),
        ({"endpoints": [endpoint("/api/x", permissions=["admin.x"])]}, "own app 'admin'"),
        ({"endpoints": [endpoint("/api/x", permissions=["x"])]}, "'x' is not a permission"),
        ({"hooks": [{"name": "Bad Hook", "on_none": "allow"}]}, "is not a hook's name"),
        ({"hooks": [{"name": "message_sent", "on_none": "explode"}]}, "is not a hook's name"),
        ({"hooks": [{"name": f"h{at}", "on_none": "allow"} for at in range(501)]}, "at most 500"),
    ],
    ids=[
        "core path",
        "no prefix",
        "endpoint below ws",
        "socket below api",
        "core socket",
        "method",
        "twice",
        "core label",
        "no label",
        "hook name",
        "on_none",
        "too many",
    ],
)
def test_a_wrong_offer_is_refused(install: Install, offers: dict[str, Any], words: str) -> None:
    with pytest.raises(DescriptionRefused, match=words):
        describe(install("demo"), **offers)
    assert Release.objects.get().description is None


def test_all_problems_of_an_offer_are_told_at_once(install: Install) -> None:
    with pytest.raises(DescriptionRefused) as refusal:
        describe(
            install("demo"),
            endpoints=[endpoint("/nowhere"), endpoint("/api/x", permissions=["admin.x"])],
            hooks=[{"name": "?", "on_none": "allow"}],
        )
    assert len(refusal.value.problems) == 3


def test_a_path_that_the_manifest_does_not_claim_is_refused(install: Install) -> None:
    plugin = install("demo", "endpoints: ['/api/v1/demo/{id}']")
    with pytest.raises(DescriptionRefused, match="'/api/v1/other' is not claimed by the manifest"):
        describe(plugin, endpoints=[endpoint("/api/v1/other")])
    describe(plugin, endpoints=[endpoint("/api/v1/demo/{resource_id}")])
    assert Release.objects.get().description is not None


def test_a_socket_that_the_manifest_does_not_claim_is_refused(install: Install) -> None:
    plugin = install("demo", "endpoints: [/ws/demo]")
    with pytest.raises(DescriptionRefused, match="'/ws/other' is not claimed"):
        describe(plugin, sockets=[socket("/ws/other")])
    describe(plugin, sockets=[socket("/ws/demo")])


def test_a_hook_that_the_manifest_does_not_list_is_refused(install: Install) -> None:
    plugin = install("demo", "hooks: [user_login, channel_join]")
    with pytest.raises(DescriptionRefused, match="'message_sent', which its manifest does not"):
        describe(plugin, hooks=[{"name": "message_sent", "on_none": "allow"}])
    describe(plugin, hooks=[{"name": "channel_member_joined", "on_none": "allow"}])


def test_a_path_that_another_plugin_answers_is_refused_naming_both(install: Install) -> None:
    describe(install("first"), endpoints=[endpoint("/api/v1/shared/{id}")])
    second = install("second")
    with pytest.raises(DescriptionRefused, match="'/api/v1/shared/all' is taken: plugin 'first'"):
        describe(second, endpoints=[endpoint("/api/v1/shared/all")])
    services.uninstall("first")
    describe(second, endpoints=[endpoint("/api/v1/shared/all")])


def test_the_same_offer_again_counts_nothing(install: Install) -> None:
    plugin, offers = install("demo"), {"endpoints": [endpoint("/api/d", permissions=["demo.x"])]}
    describe(plugin, **offers)
    before = queries.generation()
    describe(plugin, **offers)
    assert queries.generation() == before


def test_an_offer_of_a_release_that_is_gone_is_ignored() -> None:
    services.describe(4711, hooks=[], endpoints=[], sockets=[])


def test_uninstalling_takes_permissions_that_nobody_else_declares(install: Install) -> None:
    shared = endpoint("/api/first", permissions=["common.read", "first.read"])
    describe(install("first"), endpoints=[shared])
    describe(install("second"), endpoints=[endpoint("/api/b", permissions=["common.read"])])
    services.uninstall("first")
    assert not Permission.objects.filter(content_type__app_label="first").exists()
    assert Permission.objects.filter(content_type__app_label="common").exists()


def test_any_summary_of_a_plugin_can_be_stored(install: Install) -> None:
    offers = {"path": "/api/v1/demo", "methods": ["GET"], "permissions": [], "summary": "a\0b"}
    describe(install("demo"), endpoints=[offers], sockets=[socket("/ws/demo") | {"summary": "\0"}])
    assert described()["endpoints"][0]["summary"] == "ab"


def test_a_method_named_often_counts_once(install: Install) -> None:
    describe(install("demo"), endpoints=[endpoint("/api/v1/demo", *["get", "GET"] * 1000)])
    assert described()["endpoints"][0]["methods"] == ["GET"]


@pytest.mark.parametrize("count", [PERMISSIONS, PERMISSIONS + 1])
def test_permissions_are_limited(install: Install, count: int) -> None:
    labels = [f"demo.p{number}" for number in range(count)]
    plugin = install("demo")
    if count > PERMISSIONS:
        with pytest.raises(DescriptionRefused, match="201 permissions; at most 200"):
            describe(plugin, endpoints=[endpoint("/api/v1/demo", permissions=labels)])
    else:
        describe(plugin, endpoints=[endpoint("/api/v1/demo", permissions=labels)])
    held = Permission.objects.filter(content_type__app_label="demo")
    assert held.count() == (count if count == PERMISSIONS else 0)
