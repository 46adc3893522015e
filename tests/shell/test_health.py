"""The health page: well when all answer, and by name when one does not."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.test import Client

from plexichat import health, heartbeat, tasks

pytestmark = pytest.mark.django_db


@pytest.fixture
def all_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A database, and stand-ins for the supervisor; the worker has just beaten."""
    monkeypatch.setitem(health.CHECKS, "supervisor", lambda: True)
    heartbeat.beat()


@pytest.mark.usefixtures("all_answer")
@pytest.mark.backends
def test_all_is_well(client: Client) -> None:
    answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok",
        "database": "ok",
        "supervisor": "ok",
        "worker": "ok",
    }


@pytest.mark.usefixtures("all_answer")
def test_a_silent_supervisor_is_named(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(health.CHECKS, "supervisor", lambda: False)
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["supervisor"] == "does not answer"
    assert answer.json()["database"] == "ok"


@pytest.mark.usefixtures("all_answer")
def test_a_part_that_raises_is_named_and_tells_no_internals(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> bool:
        raise RuntimeError("the secret address")

    monkeypatch.setitem(health.CHECKS, "database", broken)
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["database"] == "does not answer"
    assert b"secret address" not in answer.content


@pytest.mark.usefixtures("all_answer")
def test_a_worker_that_stopped_beating_is_named(client: Client) -> None:
    cache.delete(heartbeat.KEY)
    assert client.get("/healthz").json()["worker"] == "does not answer"


@pytest.mark.usefixtures("all_answer")
def test_the_heartbeat_task_brings_the_worker_back(client: Client) -> None:
    cache.delete(heartbeat.KEY)
    tasks.beat_once()
    assert client.get("/healthz").status_code == 200


def test_the_page_only_answers_questions(client: Client) -> None:
    assert client.post("/healthz").status_code == 405
