"""The reference's security, logging and error handling plugins, word for word in real sandboxes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from plugin_runtime import conversations, tasks
from plugin_runtime.events import recorder
from plugins_registry import services
from plugins_registry.models import Event
from tests.platform import Platform
from tests.sdk.reference import completed_plugin
from tests.waiting import wait_for

pytestmark = pytest.mark.backends

PROBES = {
    "SecurityPlugin": """
        def probe(self, request):
            user_id = request.user_id
            try:
                self.require_custom_permission(user_id, "myplugin.admin")
                may = True
            except PermissionError as error:
                may = str(error)
            held = self.get_user_permissions_list(user_id)
            return [self.check_user_access(user_id, "myplugin", "admin"), held, may]
    """,
    "LoggingPlugin": """
        def probe(self, request):
            self.log_user_action("u1", "opened", {"door": 7})
            try:
                1 / 0
            except ZeroDivisionError as error:
                self.log_error(error, {"at": "probe"})
            self.log_performance_metric("opening", 0.5, {"tries": 1})
            self.logger.debug("unseen")
            return self.logger.level
    """,
    "ErrorHandlingPlugin": """
        def probe(self, request):
            def raises(error):
                raise error

            return [
                self.safe_operation(max, 1, 2),
                self.safe_operation(raises, ValidationError("too short")),
                self.safe_operation(raises, PermissionError("built in")),
                self.safe_operation(emit_hook, "Not A Name", {}),
                self.safe_operation(int, "x"),
            ]
    """,
}


def write(platform: Platform, name: str, class_name: str, manifest: str = "") -> Path:
    """Write a plugin: the reference's block untouched, and a subclass with an endpoint."""
    probe = f"""

class Probe({class_name}):
    @endpoint("/api/v1/{name}/probe")
{PROBES[class_name]}"""
    code = completed_plugin(class_name) + probe.replace("        def probe", "    def probe")
    return platform.write(name, _evenly(code), manifest=manifest)


def _evenly(code: str) -> str:
    """The probe's body was set off by eight; the class around it is set off by none."""
    head, mark, body = code.partition("    def probe")
    lines = body.splitlines()
    return head + mark + "\n".join([lines[0], *(line[4:] for line in lines[1:])]) + "\n"


def probe(name: str, user_id: str = "u") -> Any:
    path = f"/api/v1/{name}/probe"
    request: dict[str, Any] = {"user_id": user_id, "method": "GET", "path": path, "path_params": {}}
    request |= {"params": {}, "headers": {}, "body": None, "files": {}}
    status, _, body = conversations.call(name, "endpoint", f"GET {path}", request, deadline_ms=9000)
    assert status == 200, body
    return body


def logged(home: Path, name: str, count: int) -> list[dict[str, Any]]:
    path = home / "logs" / "plugins" / f"{name}.jsonl"

    def lines() -> list[str]:
        return path.read_text().splitlines() if path.exists() else []

    wait_for(lambda: len(lines()) >= count, what=f"{count} lines")
    return [json.loads(line) for line in lines()]


@pytest.fixture
def api() -> APIClient:
    return APIClient()


def test_security_plugin(platform: Platform, api: APIClient) -> None:
    platform.install(write(platform, "secure", "SecurityPlugin"))
    user = platform.person()
    api.force_authenticate(user)
    path = "/api/v1/myplugin/secure-data"
    assert api.get(path).status_code == 403
    may, held, why = probe("secure", user.public_id)
    assert (may, held) == (False, [])
    assert "lacks permission: myplugin.admin" in why

    services.permit("ada", ["myplugin.admin"])
    assert api.get(path).json() == {"secure": "data"}
    assert probe("secure", user.public_id) == [True, ["myplugin.admin"], True]

    user.user_permissions.clear()
    assert api.get(path).status_code == 403


def test_logging_plugin(platform: Platform, home: Path) -> None:
    platform.install(write(platform, "logs", "LoggingPlugin", 'settings: {log_level: "INFO"}\n'))
    assert probe("logs") == 20
    probe("logs")
    lines = logged(home, "logs", 6)
    action, error, metric = lines[:3]
    assert (action["level"], action["message"]) == ("INFO", "User action performed")
    assert action["extra"]["details"] == {"door": 7}
    assert action["extra"]["plugin"] == "logs"
    assert (error["level"], error["extra"]["error_type"]) == ("ERROR", "ZeroDivisionError")
    assert "ZeroDivisionError: division by zero" in error["exception"]
    assert metric["extra"]["duration"] == 0.5
    assert {line["call"] for line in lines} == {"endpoint GET /api/v1/logs/probe"}
    assert {line["release"] for line in lines} == {"1.0.0"}
    ids = [line["call_id"] for line in lines]
    assert ids[0] == ids[1] == ids[2] != ids[3] == ids[4] == ids[5]
    assert all(ids)


def test_error_handling_plugin(platform: Platform, home: Path) -> None:
    platform.install(write(platform, "careful", "ErrorHandlingPlugin"))
    assert probe("careful") == [2, None, None, None, None]
    said = [(line["level"], line["message"]) for line in logged(home, "careful", 4)]
    assert said[0] == ("WARNING", "Validation error: too short")
    assert said[1] == ("WARNING", "Permission error: built in")
    assert said[2][1].startswith("Validation error: emit_hook() needs a name")
    assert said[3][1].startswith("Unexpected error: invalid literal for int()")

    told = {"plugin": "other", "message": "it failed", "name": "a key that Python's own refuses"}
    recorder.tell_others("plugin_error", told, origin="other")
    tasks.deliver("careful")
    line = logged(home, "careful", 5)[4]
    assert (line["level"], line["message"]) == ("ERROR", "Plugin error received")
    assert line["extra"]["name"] == told["name"]
    assert line["call"] == "event plugin_error"
    assert line["call_id"] == str(Event.objects.get(hook="plugin_error").event_id)
