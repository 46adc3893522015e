"""The reference's `DatabasePlugin`, word for word, in a real sandbox."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from plexichat.chat import services as chat
from plugin_runtime.gateway.database.stores import store
from plugins_registry import services
from tests.platform import Platform, running_platform
from tests.sdk.reference import PRELUDE, reference_block
from tests.waiting import wait_for

pytestmark = [pytest.mark.backends, pytest.mark.slow]
MIGRATION = """
CREATE TABLE user_preferences (
    user_id TEXT PRIMARY KEY,
    preferences TEXT NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL
);
"""
#: Endpoints around the reference's methods, and what a careless author does.
AROUND = """
    class Around(DatabasePlugin):
        left = None

        @endpoint("/api/prefs", methods=["GET", "PUT"])
        def prefs(self, request):
            if request.method == "PUT":
                return {"saved": self.save_user_preferences(request.user_id, request.body)}
            return {"preferences": self.get_user_preferences(request.user_id)}

        @endpoint("/api/recent")
        def recent(self, request):
            return {"messages": self.get_recent_messages(request.user_id, 2)}

        @endpoint("/api/leave-open")
        def leave_open(self, request):
            Around.left = get_db_connection()
            Around.left.execute("DELETE FROM user_preferences")
            return {}

        @endpoint("/api/crash")
        def crash(self, request):
            import os
            get_db_connection().execute("DELETE FROM user_preferences")
            os._exit(3)
"""


@pytest.fixture
def platform(transactional_db: None, home: Path, tmp_path: Path) -> Iterator[Platform]:
    with running_platform(tmp_path) as running:
        yield running
    store().purge("keeper")


@pytest.fixture
def api(platform: Platform) -> APIClient:
    client = APIClient()
    client.force_authenticate(platform.person())
    return client


def package(platform: Platform) -> Path:
    code = f"{PRELUDE}\n\n{reference_block('DatabasePlugin')}\n\n{textwrap.dedent(AROUND)}"
    manifest = """
permissions:
  required: [user_data_read]
  optional: [message_data_read, channel_data_read]
"""
    folder = platform.write("keeper", "", manifest=manifest)
    (folder / "plugin.py").write_text(code)
    (folder / "migrations").mkdir()
    (folder / "migrations" / "0001_preferences.sql").write_text(MIGRATION)
    return folder


def call(api: APIClient, path: str, **options: Any) -> Any:
    return api.get(path, **options)


def test_the_references_database_plugin_runs(platform: Platform, api: APIClient) -> None:
    channel = platform.channel()
    for content in ("one", "two", "three"):
        chat.post_message(platform.person(), channel.public_id, content=content)
    platform.install(package(platform))

    assert call(api, "/api/prefs").json() == {"preferences": None}
    for colour in ("red", "blue"):
        saved = api.put("/api/prefs", {"colour": colour}, format="json")
        assert saved.json() == {"saved": True}
    assert call(api, "/api/prefs").json() == {"preferences": {"colour": "blue"}}

    messages = call(api, "/api/recent").json()["messages"]
    assert [message["content"] for message in messages] == ["three", "two"]
    assert messages[0]["sender_name"] == "ada"
    assert messages[0]["timestamp"].endswith("+00:00")

    # What is left open is undone when the handler returns.
    assert call(api, "/api/leave-open").status_code == 200
    assert call(api, "/api/prefs").json() == {"preferences": {"colour": "blue"}}

    # What a crash leaves behind is undone as well, and blocks nobody.
    before = platform.pid_of("keeper")
    assert call(api, "/api/crash").status_code >= 500
    wait_for(lambda: platform.supervisor.pids.get("keeper", before) != before, what="a restart")
    platform.wait_for_state("keeper", "active")
    assert call(api, "/api/prefs").json() == {"preferences": {"colour": "blue"}}

    # Without the capability the refusal names it.
    services.revoke("keeper", ["message_data_read"])
    answer = call(api, "/api/recent")
    assert answer.status_code == 403
    assert "message_data_read" in answer.json()["detail"]


def test_a_migration_that_fails_is_told_to_the_admin(platform: Platform) -> None:
    folder = package(platform)
    (folder / "migrations" / "0002_wrong.sql").write_text("\nALTER TABLE nowhere RENAME TO b;")
    platform.install(folder, wait="")
    wait_for(lambda: "migrations" in platform.plugin("keeper").reason, what="a reason")
    assert "migrations/0002_wrong.sql, line 2" in platform.plugin("keeper").reason
