"""What is told of logins, by token and by browser, and of what admins do to accounts."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import logout as end_session
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.http import HttpRequest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from knox.models import AuthToken
from rest_framework.test import APIClient

from plexichat.chat import services
from plexichat.chat.models import Channel, User
from plexichat.chat.services import sessions
from tests.chat.conftest import PASSWORD, ClientOf, MakeUser, Notebook

pytestmark = [pytest.mark.django_db, pytest.mark.backends]
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:125.0) Gecko/20100101 Firefox/125.0"
FROM_AFAR = {"HTTP_X_FORWARDED_FOR": "6.6.6.6, 203.0.113.7", "HTTP_USER_AGENT": FIREFOX}
LOGIN_KEYS = {"user_id", "login_time", "ip_address", "user_agent", "device_info"}
LOGOUT_KEYS = {"user_id", "logout_time", "session_duration"}


@pytest.fixture
def root(make_user: MakeUser) -> User:
    return make_user("root", is_staff=True, is_superuser=True)


@pytest.mark.parametrize(("proxies", "address"), [(0, "127.0.0.1"), (1, "203.0.113.7")])
def test_a_login_tells_from_where_and_with_what(
    ann: User, notebook: Notebook, settings: Any, proxies: int, address: str
) -> None:
    settings.PLEXICHAT_PROXIES = proxies
    wish = {"username": "ann", "password": PASSWORD}
    answer = APIClient().post("/api/v1/auth/login", wish, format="json", **FROM_AFAR)
    told = notebook.only("user_login")
    assert told.keys() == LOGIN_KEYS
    assert (told["user_id"], told["ip_address"]) == (ann.public_id, address)
    assert (told["user_agent"], told["device_info"]["browser"]) == (FIREFOX, "Firefox")
    assert answer.json()["token"] not in str(told)


def test_a_failed_login_is_not_told(ann: User, notebook: Notebook) -> None:
    wish = {"username": "ann", "password": "wrong"}
    assert APIClient().post("/api/v1/auth/login", wish, format="json").status_code == 401
    assert notebook.events == []


@pytest.mark.parametrize(
    ("age", "seconds"),
    [
        pytest.param(timedelta(seconds=90.5), 90, id="whole seconds"),
        pytest.param(timedelta(hours=-1), 0, id="clock set back"),
    ],
)
def test_a_logout_tells_how_long_the_login_lasted(
    ann: User, client_of: ClientOf, notebook: Notebook, age: timedelta, seconds: int
) -> None:
    client = client_of(ann)
    AuthToken.objects.update(created=timezone.now() - age)
    client.post("/api/v1/auth/logout")
    told = notebook.only("user_logout")
    assert told.keys() == LOGOUT_KEYS
    assert (told["user_id"], told["session_duration"]) == (ann.public_id, seconds)


def test_a_login_ended_twice_is_told_once(ann: User, notebook: Notebook) -> None:
    _, text = services.login("ann", password=PASSWORD)
    first, second = services.token_login(text), services.token_login(text)
    assert first is not None
    assert second is not None
    services.logout(first)
    services.logout(second)
    assert notebook.hooks() == ["user_login", "user_logout"]


def test_a_browser_session_is_told_from_beginning_to_end(root: User, notebook: Notebook) -> None:
    client = Client(headers={"user-agent": FIREFOX})
    form = {"username": "root", "password": PASSWORD}
    assert client.post(reverse("admin:login"), form).status_code == 302
    session = client.session
    session[sessions.SINCE] = (timezone.now() - timedelta(seconds=30)).isoformat()
    session.save()
    client.post(reverse("admin:logout"))
    begun, ended = notebook.only("user_login"), notebook.only("user_logout")
    assert (begun.keys(), ended.keys()) == (LOGIN_KEYS, LOGOUT_KEYS)
    assert (begun["user_id"], begun["user_agent"]) == (root.public_id, FIREFOX)
    assert ended["user_id"] == root.public_id
    assert ended["session_duration"] in (30, 31, 32)


def test_a_session_remembers_when_it_began(root: User, notebook: Notebook) -> None:
    client = Client()
    client.force_login(root)
    assert sessions.SINCE in client.session
    client.logout()
    assert notebook.only("user_logout")["session_duration"] in (0, 1, 2)


def test_a_session_from_before_this_was_noted_ends_all_the_same(
    root: User, notebook: Notebook
) -> None:
    sessions.ended(User, None, root)
    assert notebook.only("user_logout")["session_duration"] == 0


def test_nobody_logging_out_is_no_event(notebook: Notebook) -> None:
    request = HttpRequest()
    request.user, request.session = AnonymousUser(), Client().session
    end_session(request)
    assert notebook.events == []


def test_a_login_outside_any_request_is_told_without_an_address(
    root: User, notebook: Notebook
) -> None:
    sessions.begun(User, None, root)
    assert notebook.only("user_login")["ip_address"] == ""


@pytest.mark.django_db(transaction=True)
def test_two_profile_changes_at_once_follow_each_other(ann: User, notebook: Notebook) -> None:
    start = threading.Barrier(2)

    def rename(name: str) -> None:
        start.wait(timeout=10)
        try:
            services.update_profile(User.objects.get(pk=ann.pk), {"display_name": name})
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(rename, ["one", "two"]))
    (_, first), (_, second) = notebook.events
    assert first["old_values"] == {"display_name": ""}
    assert second["old_values"] == first["new_values"]


def test_an_admin_who_changes_a_profile_is_told_without_rights_and_passwords(
    root: User, bob: User, notebook: Notebook
) -> None:
    client = Client()
    client.force_login(root)
    notebook.events.clear()
    page = client.get(reverse("admin:chat_user_change", args=[bob.pk]))
    form = page.context["adminform"].form
    fields = {name: form.initial[name] for name in form.fields if form.initial.get(name)}
    fields |= {"first_name": "Robert", "is_staff": "on"}
    assert client.post(page.request["PATH_INFO"], fields).status_code == 302
    assert notebook.only("user_profile_updated")["new_values"] == {"first_name": "Robert"}


def test_a_password_changed_by_an_admin_is_not_told(
    root: User, bob: User, notebook: Notebook
) -> None:
    client = Client()
    client.force_login(root)
    notebook.events.clear()
    new = {"password1": "battery staple horse", "password2": "battery staple horse"}
    path = reverse("admin:auth_user_password_change", args=[bob.pk])
    assert client.post(path, {**new, "usable_password": "true"}).status_code == 302
    bob.refresh_from_db()
    assert bob.check_password("battery staple horse")
    assert notebook.events == []


@pytest.mark.parametrize("is_bulk", [False, True], ids=["one", "ticked"])
def test_a_member_removed_by_an_admin_is_told(
    root: User, bob: User, public: Channel, notebook: Notebook, is_bulk: bool
) -> None:
    entry = public.memberships.get(user=bob)
    client = Client()
    client.force_login(root)
    path = reverse("admin:chat_membership_delete", args=[entry.pk])
    form: dict[str, Any] = {"post": "yes"}
    if is_bulk:
        path = reverse("admin:chat_membership_changelist")
        form |= {"action": "delete_selected", "_selected_action": [entry.pk]}
    assert client.post(path, form).status_code == 302
    told = notebook.only("channel_member_left")
    assert (told["user_id"], told["reason"]) == (bob.public_id, "removed")
    assert not public.memberships.filter(user=bob).exists()
