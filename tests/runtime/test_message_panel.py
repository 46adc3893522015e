"""A message's page in the admin says who touched it."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from plexichat.chat import services as chat
from plexichat.chat.models import User
from plugins_registry import services
from plugins_registry.services import TraceEntry

pytestmark = pytest.mark.django_db


def page(admin_client: Client, said: Any) -> str:
    answer = admin_client.get(reverse("admin:chat_message_change", args=(said.pk,)))
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.fixture
def said() -> Any:
    ada = User.objects.create_user(username="ada", password="a long passphrase")
    channel, _ = chat.create_channel(ada, name="lobby", channel_type="public")
    return chat.post_message(ada, channel.public_id, content="hello")


def test_it_shows_plugin_verdict_and_change(admin_client: Client, said: Any) -> None:
    entry = TraceEntry(
        message_id=said.public_id,
        plugin="shouts",
        release="1.0",
        hook="message_sent",
        verdict="replace",
        applied=True,
        took_ms=1.26,
        before={"content": "hello", "metadata": {}},
        after={"content": "<script>HELLO", "metadata": {}},
    )
    services.record_traces([entry])

    shown = page(admin_client, said)

    for words in ("shouts", "replace", "1.3", "&quot;hello&quot;", "&lt;script&gt;HELLO"):
        assert words in shown
    assert "<script>HELLO" not in shown


def test_without_traces_it_shows_none(admin_client: Client, said: Any) -> None:
    assert "<th>verdict</th>" not in page(admin_client, said)
