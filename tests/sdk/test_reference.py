"""The reference's blocks run as plugins, word for word."""

from __future__ import annotations

from pathlib import Path

import pytest

from plexichat_plugin_sdk._wire.control import Loaded, LoadFailed
from plexichat_plugin_sdk._wire.conversation import Answer
from tests.sdk.child import Child, running_module
from tests.sdk.reference import completed_plugin, reference_block, reference_classes

PLUGINS = [name for name in reference_classes() if name.endswith("Plugin") and name[:4] != "Test"]


def test_the_reference_shows_the_plugins_we_know() -> None:
    assert {"MyPlugin", "MessagePlugin", "APIPlugin", "WebSocketPlugin"} < set(PLUGINS)
    assert len(PLUGINS) == 14


def test_a_completed_plugin_contains_its_block_untouched() -> None:
    assert reference_block("APIPlugin") in completed_plugin("APIPlugin")


@pytest.mark.parametrize("name", PLUGINS)
def test_every_block_loads(name: str, tmp_path: Path) -> None:
    with running_module(tmp_path, completed_plugin(name)) as child:
        assert type(child.unload()).__name__ == "Unloaded"


def test_my_plugin_keeps_its_own_name(tmp_path: Path) -> None:
    probe = """
class Probe(MyPlugin):
    @endpoint("/probe")
    def probe(self, request):
        return [self.name, self.version, self.metadata["license"], self.config, self.context.name]
"""
    source = completed_plugin("MyPlugin") + probe
    with running_module(tmp_path, source, config={"a": 1}) as child:
        body = child.conversation().request("GET /probe")[2]
    assert body == ["my_plugin", "1.0.0", "MIT", {"a": 1}, "sample"]


def test_message_plugin_changes_and_blocks(tmp_path: Path) -> None:
    with running_module(tmp_path, completed_plugin("MessagePlugin")) as child:
        caller = child.conversation()
        assert caller.filter({"content": "hi"}) == ["replace", {"content": "hi", "processed": True}]
        assert caller.filter({"content": "forbidden"}) == ["block", ""]


def test_api_plugin_creates_lists_changes_and_deletes(tmp_path: Path) -> None:
    one = "/api/v1/myplugin/data/{resource_id}"
    with running_module(tmp_path, completed_plugin("APIPlugin")) as child:
        caller = child.conversation()
        made = caller.request("POST /api/v1/myplugin/data", body={"a": 1})
        listed = caller.request("GET /api/v1/myplugin/data", params={"limit": "5"})
        path = {"path_params": {"resource_id": made[2]["resource_id"]}}
        stranger = caller.request(f"DELETE {one}", user_id="u2", **path)
        gone = caller.request(f"DELETE {one}", **path)
    assert (made[0], listed[2]["count"], stranger[0], gone[0]) == (201, 1, 403, 200)


def test_websocket_plugin_greets_echoes_and_cleans_up(tmp_path: Path) -> None:
    with running_module(tmp_path, completed_plugin("WebSocketPlugin")) as child:
        caller = child.conversation()
        caller.open_socket("/ws/myplugin/events")
        assert caller.heard()["type"] == "welcome"
        caller.say({"type": "subscribe", "channels": ["c"]})
        caller.say({"type": "hello"})
        assert caller.heard()["message"] == {"type": "hello"}
        caller.leave()
        assert isinstance(caller.heard(), Answer)


def test_security_plugin_asks_the_host(tmp_path: Path) -> None:
    probe = """
class Probe(SecurityPlugin):
    @endpoint("/probe")
    def probe(self, request):
        self.require_custom_permission(request.user_id, "myplugin.admin")
        return [self.check_user_access("u", "r", "read"), self.get_user_permissions_list("u")]
"""
    with running_module(tmp_path, completed_plugin("SecurityPlugin") + probe) as child:
        child.gateway.answers["permissions.of_user"] = ["b.read", "a.read"]
        caller = child.conversation()
        refused = caller.request("GET /probe")
        child.gateway.answers["permissions.check"] = True
        allowed = caller.request("GET /probe")
    assert refused[:2] == [403, {}]
    assert "lacks permission: myplugin.admin" in refused[2]["detail"]
    assert allowed == [200, {}, [True, ["a.read", "b.read"]]]


def test_configurable_plugin_merges_what_is_stored(tmp_path: Path) -> None:
    child = Child(tmp_path)
    (tmp_path / "plugin.py").write_text(completed_plugin("ConfigurablePlugin"))
    child.gateway.answers["config.get"] = {"stored": {"rate_limit": {"burst_limit": 1}}}
    try:
        assert isinstance(child.load(), Loaded)
        body = child.conversation().request("GET /api/v1/myplugin/config")[2]
    finally:
        child.end()
    assert body["config"]["rate_limit"] == {"requests_per_minute": 60, "burst_limit": 1}


def test_configurable_plugin_refuses_a_bad_configuration(tmp_path: Path) -> None:
    child = Child(tmp_path)
    (tmp_path / "plugin.py").write_text(completed_plugin("ConfigurablePlugin"))
    child.gateway.answers["config.get"] = {"stored": {"timeout": 0}}
    try:
        failed = child.load()
    finally:
        child.end()
    assert isinstance(failed, LoadFailed)
    assert failed.message == "ValueError: timeout must be positive"


def test_custom_plugin_emits_and_hears(tmp_path: Path) -> None:
    probe = """
class Probe(CustomPlugin):
    @endpoint("/probe")
    def probe(self, request):
        self.custom_business_logic()
"""
    with running_module(tmp_path, completed_plugin("CustomPlugin") + probe) as child:
        child.gateway.answers["hooks.emit"] = None
        caller = child.conversation()
        assert caller.request("GET /probe")[0] == 200
        emitted = child.gateway.asked[-1].arguments
        event = [emitted["name"], emitted["payload"], "e1", "2025-08-31T12:00:00Z", 1, "", 0]
        told = caller.call("events", "", [event])
        record = child.gateway.records(1)[0]
    assert (emitted["name"], emitted["depth"]) == ("custom_event_occurred", 0)
    assert isinstance(told, Answer)
    assert told.result == [["ok", "", ""]]
    assert record["message"] == f"Custom event received: {emitted['payload']}"


def test_error_handling_plugin_logs_any_extra(tmp_path: Path) -> None:
    with running_module(tmp_path, completed_plugin("ErrorHandlingPlugin")) as child:
        data = {"message": "m", "name": "n", "args": [1], "plugin": "p"}
        assert child.conversation().filter(data, hook="plugin_error") == ["allow"]
        assert child.gateway.records(1)[0]["extra"] == data


def test_logging_plugin_logs_errors_with_their_stack(tmp_path: Path) -> None:
    probe = """
class Probe(LoggingPlugin):
    @endpoint("/probe")
    def probe(self, request):
        try:
            1 / 0
        except ZeroDivisionError as error:
            self.log_error(error, {"at": "probe"})
"""
    with running_module(tmp_path, completed_plugin("LoggingPlugin") + probe) as child:
        child.conversation().request("GET /probe")
        record = child.gateway.records(1)[0]
    assert record["extra"]["error_type"] == "ZeroDivisionError"
    assert "ZeroDivisionError: division by zero" in record["exception"]
    assert record["call"] == "endpoint GET /probe"
