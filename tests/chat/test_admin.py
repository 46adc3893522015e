"""The chat in Django's admin."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from plexichat.chat import services
from plexichat.chat.models import Channel, Message, User
from tests.chat.conftest import MakeChannel, MakeUser

pytestmark = [pytest.mark.django_db, pytest.mark.backends]
MODELS = ["user", "channel", "membership", "message"]


@pytest.fixture
def admin(make_user: MakeUser) -> Client:
    client = Client()
    client.force_login(make_user("root", is_staff=True, is_superuser=True))
    return client


def _queries(admin: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert admin.get(path).status_code == 200
    return len(queries)


@pytest.mark.parametrize("model", MODELS)
def test_lists_are_searchable_and_take_the_same_queries_for_many_rows(
    admin: Client, bob: User, make_channel: MakeChannel, model: str
) -> None:
    path = reverse(f"admin:chat_{model}_changelist")
    services.post_message(bob, make_channel().public_id, content="hello")
    few = _queries(admin, path)
    for _ in range(5):
        services.post_message(bob, make_channel().public_id, content="hello")
    assert _queries(admin, path) <= few
    assert admin.get(path, {"q": bob.public_id}).status_code == 200


@pytest.mark.parametrize("model", MODELS)
def test_every_row_can_be_looked_at(admin: Client, bob: User, public: Channel, model: str) -> None:
    services.post_message(bob, public.public_id, content="hello")
    row: Any = {
        "user": bob,
        "channel": public,
        "membership": public.memberships.get(user=bob),
        "message": Message.objects.get(),
    }[model]
    assert admin.get(reverse(f"admin:chat_{model}_change", args=[row.pk])).status_code == 200


def test_messages_cannot_be_changed(admin: Client, bob: User, public: Channel) -> None:
    said = services.post_message(bob, public.public_id, content="hello")
    path = reverse("admin:chat_message_change", args=[said.pk])
    assert admin.post(path, {"content": "forged"}).status_code == 403
    assert admin.post(reverse("admin:chat_message_delete", args=[said.pk])).status_code == 403


def test_accounts_can_be_switched_off(admin: Client, bob: User) -> None:
    page = admin.get(reverse("admin:chat_user_change", args=[bob.pk]))
    form = page.context["adminform"].form
    # A box that is not ticked and a list in which nothing is chosen are not sent at all.
    fields = {name: form.initial[name] for name in form.fields if form.initial.get(name)}
    del fields["is_active"]
    answer = admin.post(page.request["PATH_INFO"], fields)
    bob.refresh_from_db()
    assert answer.status_code == 302
    assert not bob.is_active
