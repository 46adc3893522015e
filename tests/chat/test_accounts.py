"""Accounts and logins over REST."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.utils import timezone
from knox.models import AuthToken
from rest_framework.test import APIClient

from plexichat.chat import services
from plexichat.chat.models import SocketTicket, User
from tests.chat.conftest import PASSWORD, ClientOf, MakeUser

pytestmark = [pytest.mark.django_db, pytest.mark.backends]
REGISTRATION = {"username": "Zoë", "email": "zoe@example.com", "password": PASSWORD}


def test_registering_answers_with_the_account_and_a_token_that_works() -> None:
    client = APIClient()
    answer = client.post("/api/v1/auth/register", REGISTRATION, format="json")
    body = answer.json()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {body['token']}")
    assert answer.status_code == 201
    assert body["username"] == "Zoë"
    assert client.get("/api/v1/users/me").json()["user_id"] == body["user_id"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        pytest.param("username", "", id="no name"),
        pytest.param("username", "a b", id="space in name"),
        pytest.param("username", "a\x00b", id="NUL in name"),
        pytest.param("email", "nowhere", id="no address"),
        pytest.param("password", "12345", id="short password"),
        pytest.param("password", "zoe@example.com", id="password is the address"),
    ],
)
def test_a_registration_names_the_field_at_fault(field: str, value: str) -> None:
    answer = APIClient().post("/api/v1/auth/register", REGISTRATION | {field: value}, format="json")
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid"
    assert field in answer.json()["errors"]
    assert not User.objects.exists()


def test_all_problems_of_a_registration_are_told_at_once() -> None:
    wish = {"username": "a b", "email": "ok@example.com", "password": "1"}
    errors = APIClient().post("/api/v1/auth/register", wish, format="json").json()["errors"]
    assert {"username", "password"} <= errors.keys()


@pytest.mark.parametrize("name", ["ann", "ANN"])
def test_a_taken_name_is_refused_in_any_case(ann: User, name: str) -> None:
    wish = REGISTRATION | {"username": name}
    answer = APIClient().post("/api/v1/auth/register", wish, format="json")
    assert answer.status_code == 400
    assert "already exists" in answer.json()["errors"]["username"][0]


@pytest.mark.parametrize("name", ["ann", "Ann"])
def test_logging_in_gives_a_token(ann: User, name: str) -> None:
    wish = {"username": name, "password": PASSWORD}
    answer = APIClient().post("/api/v1/auth/login", wish, format="json")
    assert answer.status_code == 200
    assert answer.json()["user_id"] == ann.public_id
    assert answer.json()["token"].startswith("plx_")


def test_a_failed_login_does_not_tell_which_accounts_exist(ann: User, make_user: MakeUser) -> None:
    make_user("gone", is_active=False)
    answers = [
        APIClient().post("/api/v1/auth/login", wish, format="json")
        for wish in (
            {"username": "ann", "password": "wrong"},
            {"username": "nobody", "password": PASSWORD},
            {"username": "gone", "password": PASSWORD},
        )
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1


def test_many_logins_are_slowed_down(ann: User) -> None:
    wish = {"username": "ann", "password": "wrong"}
    statuses = {
        APIClient()
        .post("/api/v1/auth/login", wish, format="json", HTTP_X_FORWARDED_FOR=f"10.0.0.{number}")
        .status_code
        for number in range(12)
    }
    assert statuses == {401, 429}
    cache.clear()
    assert APIClient().post("/api/v1/auth/login", wish, format="json").status_code == 401


def test_a_slowed_down_client_is_told_when_to_come_back(ann: User) -> None:
    wish = {"username": "ann", "password": "wrong"}
    for _ in range(11):
        answer = APIClient().post("/api/v1/auth/login", wish, format="json")
    assert answer.json()["code"] == "throttled"
    assert 0 < int(answer["Retry-After"]) <= 60


def test_logging_out_ends_this_login_and_no_other(ann: User, client_of: ClientOf) -> None:
    here, there = client_of(ann), client_of(ann)
    assert here.post("/api/v1/auth/logout").status_code == 204
    assert here.get("/api/v1/users/me").status_code == 401
    assert there.get("/api/v1/users/me").status_code == 200


@pytest.mark.parametrize(
    "header",
    [
        pytest.param("", id="none"),
        pytest.param("Bearer plx_unknown", id="unknown"),
        pytest.param("Bearer", id="empty"),
        pytest.param("Bearer a b", id="two"),
        pytest.param("Bearer \xff\xfe", id="not UTF-8"),
        pytest.param("Basic YTpi", id="another scheme"),
    ],
)
def test_without_a_valid_token_nothing_is_shown(header: str) -> None:
    answer = APIClient().get("/api/v1/users/me", HTTP_AUTHORIZATION=header)
    assert answer.status_code == 401
    assert answer.json()["code"] == "not_authenticated"
    assert answer["WWW-Authenticate"] == "Bearer"


def test_an_expired_token_opens_nothing(ann: User, client_of: ClientOf) -> None:
    client = client_of(ann)
    AuthToken.objects.update(expiry=timezone.now() - timedelta(seconds=1))
    assert client.get("/api/v1/users/me").status_code == 401


def test_a_deactivated_account_opens_nothing(ann: User, client_of: ClientOf) -> None:
    client = client_of(ann)
    User.objects.update(is_active=False)
    assert client.get("/api/v1/users/me").status_code == 401


def test_one_sees_and_changes_ones_own_profile(ann: User, client_of: ClientOf) -> None:
    wish = {"display_name": "Ann of Cleves", "user_id": "mine", "is_staff": True}
    answer = client_of(ann).patch("/api/v1/users/me", wish, format="json")
    ann.refresh_from_db()
    assert answer.status_code == 200
    assert answer.json()["display_name"] == ann.display_name == "Ann of Cleves"
    assert not ann.is_staff


def test_a_bad_address_changes_nothing(ann: User, client_of: ClientOf) -> None:
    wish = {"email": "nowhere", "display_name": "X"}
    answer = client_of(ann).patch("/api/v1/users/me", wish, format="json")
    ann.refresh_from_db()
    assert answer.json()["errors"].keys() == {"email"}
    assert ann.display_name == ""


def test_a_session_needs_the_csrf_token(ann: User) -> None:
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(ann)
    assert client.get("/api/v1/users/me").status_code == 200
    answer = client.post("/api/v1/auth/ws-ticket")
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")


def test_a_ticket_is_good_once(ann: User, client_of: ClientOf) -> None:
    ticket = client_of(ann).post("/api/v1/auth/ws-ticket").json()["ticket"]
    spent = services.redeem_ticket(ticket)
    assert spent is not None
    assert spent.user == ann
    assert services.redeem_ticket(ticket) is None


@pytest.mark.django_db(transaction=True)
def test_of_many_who_come_with_one_ticket_at_once_one_gets_in(ann: User) -> None:
    ticket = services.issue_ticket(ann)
    start = threading.Barrier(4)

    def redeem(_: int) -> bool:
        start.wait(timeout=10)
        try:
            return services.redeem_ticket(ticket) is not None
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(redeem, range(4))) == [False, False, False, True]


def test_a_ticket_is_good_for_half_a_minute(ann: User) -> None:
    ticket = services.issue_ticket(ann)
    SocketTicket.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert services.redeem_ticket(ticket) is None


def test_logging_out_takes_unused_tickets_along(ann: User, client_of: ClientOf) -> None:
    client = client_of(ann)
    ticket = client.post("/api/v1/auth/ws-ticket").json()["ticket"]
    client.post("/api/v1/auth/logout")
    assert services.redeem_ticket(ticket) is None


def test_the_database_does_not_know_tickets_or_tokens(ann: User, client_of: ClientOf) -> None:
    client = client_of(ann)
    ticket = client.post("/api/v1/auth/ws-ticket").json()["ticket"]
    assert ticket not in str(SocketTicket.objects.values_list())
    assert client._credentials["HTTP_AUTHORIZATION"][7:] not in str(AuthToken.objects.values_list())


def test_purging_leaves_what_is_still_good(ann: User, client_of: ClientOf) -> None:
    client = client_of(ann)
    kept, stale = services.issue_ticket(ann), services.issue_ticket(ann)
    newest = SocketTicket.objects.order_by("-expires_at")[0]
    SocketTicket.objects.filter(pk=newest.pk).update(expires_at=timezone.now() - timedelta(days=1))
    assert services.purge_expired() == 1
    assert (services.redeem_ticket(stale), client.get("/api/v1/users/me").status_code) == (
        None,
        200,
    )
    assert services.redeem_ticket(kept) is not None
