"""How fast a user may post: generous at once, bounded in the long run, each user apart."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from plexichat.chat import pace
from plexichat.chat.exceptions import TooFast
from plexichat.chat.models import Channel, User
from plexichat.chat.pace import Pace, parsed
from tests.chat.conftest import ClientOf


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def taken(buckets: Pace, user: str, rate: str, *, most: int = 1_000) -> int:
    """How many tokens a user gets at once."""
    for count in range(most):
        try:
            buckets.take(user, rate)
        except TooFast:
            return count
    return most


@pytest.mark.parametrize(
    ("rate", "allows"),
    [("20/s", (20, 100)), ("60/min", (1, 60)), ("3600/hour", (1, 3_600)), ("1/s", (1, 5))],
)
def test_a_rate_allows_so_many_a_second_and_at_once(rate: str, allows: tuple[float, float]) -> None:
    assert parsed(rate) == allows


def test_a_burst_passes_and_then_what_flows_back() -> None:
    clock = Clock()
    buckets = Pace(clock=clock)
    assert taken(buckets, "ann", "2/s") == 10
    clock.now += 1.5
    assert taken(buckets, "ann", "2/s") == 3


def test_a_refusal_costs_nothing_and_says_how_long_to_wait() -> None:
    clock = Clock()
    buckets = Pace(clock=clock)
    taken(buckets, "ann", "2/min")
    for _ in range(3):
        with pytest.raises(TooFast, match=r"Try again in 30 s\."):
            buckets.take("ann", "2/min")


def test_users_do_not_pay_for_each_other() -> None:
    buckets = Pace(clock=Clock())
    assert [taken(buckets, user, "2/s") for user in ("ann", "ann", "bob")] == [10, 0, 10]


def test_only_so_many_users_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "_USERS", 2)
    buckets = Pace(clock=Clock())
    for user in ("ann", "bob", "eve"):
        taken(buckets, user, "1/s")
    assert len(buckets._buckets) == 2
    assert taken(buckets, "bob", "1/s") == 0


@pytest.fixture
def _one_at_once(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.PLEXICHAT_POST_RATE = "2/h"
    monkeypatch.setattr(pace, "_pace", Pace())


@pytest.mark.usefixtures("_one_at_once")
def test_posting_and_editing_share_a_rate(ann: User, public: Channel, client_of: ClientOf) -> None:
    api = client_of(ann)
    url = f"/api/v1/channels/{public.public_id}/messages"
    posted = api.post(url, {"content": "one"}, format="json")
    message = f"/api/v1/messages/{posted.json()['message_id']}"
    edited = api.patch(message, {"content": "two"}, format="json")
    refused = api.post(url, {"content": "three"}, format="json")

    assert (posted.status_code, edited.status_code, refused.status_code) == (201, 200, 429)
    assert refused.json()["code"] == "throttled"
    assert int(refused["Retry-After"]) > 60
    assert client_of(public.creator).get(url).json()["messages"][0]["content"] == "two"
