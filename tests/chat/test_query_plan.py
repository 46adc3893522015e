"""A page of messages is read straight off its index, however many messages there are."""

from __future__ import annotations

import pytest
from django.db import connection

from plexichat.chat.models import Channel, Message, User
from tests.chat.conftest import MakeChannel

pytestmark = [pytest.mark.django_db, pytest.mark.backends]
MESSAGES = 3_000


@pytest.fixture
def busy(bob: User, make_channel: MakeChannel) -> Channel:
    """Return a channel that was the busiest of three and has fallen quiet since.

    A planner that trusts in finding its messages anywhere would read all later ones first.
    """
    channels = [make_channel(name=f"channel {number}") for number in range(3)]
    Message.objects.bulk_create(
        Message(channel=channels[3 * number // MESSAGES], author=bob, content="x")
        for number in range(MESSAGES)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return channels[0]


@pytest.mark.parametrize("is_later_page", [False, True], ids=["first page", "later page"])
def test_a_page_comes_off_the_index_in_order(busy: Channel, is_later_page: bool) -> None:
    edge = Message.objects.filter(channel=busy)[MESSAGES // 6].pk if is_later_page else None
    plan = Message.objects.newest_first(busy, before=edge)[:51].explain()
    assert "chat_message_page" in plan
    assert "Sort" not in plan
    assert "TEMP B-TREE" not in plan
    assert "SCAN chat_message" not in plan
    assert "Seq Scan on chat_message" not in plan


def test_without_the_index_the_plan_would_tell(busy: Channel) -> None:
    plan = Message.objects.filter(channel=busy).order_by("-created_at")[:51].explain()
    assert "Sort" in plan or "TEMP B-TREE" in plan


def test_a_cursor_is_found_by_its_unique_index(busy: Channel) -> None:
    plan = Message.objects.filter(channel=busy, public_id="x").explain()
    assert "SCAN chat_message" not in plan
    assert "Seq Scan" not in plan
