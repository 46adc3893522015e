"""Every refusal in one shape."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from rest_framework.test import APIClient

from plexichat.chat import events
from plexichat.chat.models import Channel, User
from tests.chat.conftest import ClientOf

pytestmark = [pytest.mark.django_db, pytest.mark.backends]


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        pytest.param(b"{", "application/json", 400, "invalid", id="broken JSON"),
        pytest.param(b"[1]", "application/json", 400, "invalid", id="no object"),
        pytest.param(b"\xff\xfe", "application/json", 400, "invalid", id="no UTF-8"),
        pytest.param(b"[" * 100_000, "application/json", 400, "invalid", id="bottomless JSON"),
        pytest.param(b" " * 300_000, "application/json", 413, "too_large", id="too large"),
        pytest.param(b"a=1", "text/plain", 415, "unsupported_media_type", id="no JSON"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(
    body: bytes, content_type: str, status: int, code: str
) -> None:
    answer = APIClient().post("/api/v1/auth/login", body, content_type=content_type)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["detail"]


def test_a_wrong_method_is_refused_and_the_right_ones_named() -> None:
    answer = APIClient().get("/api/v1/auth/login")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert "POST" in answer["Allow"]


def test_an_unacceptable_answer_is_not_given() -> None:
    answer = APIClient().post("/api/v1/auth/login", {}, format="json", HTTP_ACCEPT="image/png")
    assert (answer.status_code, answer.json()["code"]) == (406, "not_acceptable")


@pytest.mark.parametrize("path", ["channels/a%00b", "channels/..", "messages/" + "x" * 40])
def test_ids_that_cannot_be_are_not_found(ann: User, client_of: ClientOf, path: str) -> None:
    answer = client_of(ann).get(f"/api/v1/{path}")
    assert answer.status_code == 404


def test_a_fault_of_ours_shows_nothing_but_a_reference(
    bob: User, public: Channel, client_of: ClientOf, caplog: pytest.LogCaptureFixture
) -> None:
    def consult(message: dict[str, Any]) -> dict[str, Any]:
        raise RuntimeError("the database password is hunter2")

    events.set_consultant(consult)
    path = f"/api/v1/channels/{public.public_id}/messages"
    with caplog.at_level(logging.ERROR):
        answer = client_of(bob).post(path, {"content": "hello"}, format="json")
    body = answer.json()
    logged = next(record for record in caplog.records if hasattr(record, "reference"))
    assert (answer.status_code, body["code"]) == (500, "internal_error")
    assert "hunter2" not in answer.content.decode()
    assert logged.reference == body["reference"]
