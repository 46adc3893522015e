"""From threads to sockets."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction

from plexichat.chat import services
from plexichat.chat.live import publisher
from plexichat.chat.models import Channel, Message, User

FAILING = "tests.chat.test_publisher.FailingLayer"


class FailingLayer:
    """A layer whose server is not there."""

    def __init__(self, **config: Any) -> None:
        """Take whatever configuration."""

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        raise ConnectionError("no layer")


class RecordingLayer:
    """A layer that notes on which thread it is used."""

    sent: list[tuple[str, str]] = []

    def __init__(self, **config: Any) -> None:
        """Take whatever configuration."""

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        self.sent.append((group, threading.current_thread().name))


@pytest.fixture
def server_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """Run a loop in a thread, as the server does."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="the server")
    thread.start()
    publisher.use_loop(loop)
    yield loop
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def _use(settings: Any, layer: str) -> None:
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": layer}}


def test_publishing_happens_on_the_servers_loop(
    server_loop: asyncio.AbstractEventLoop, settings: Any
) -> None:
    _use(settings, "tests.chat.test_publisher.RecordingLayer")
    RecordingLayer.sent.clear()
    publisher.publish("a.group", publisher.membership())
    done = asyncio.run_coroutine_threadsafe(asyncio.sleep(0), server_loop)
    done.result(timeout=5)
    assert RecordingLayer.sent == [("a.group", "the server")]


def test_a_process_without_a_server_publishes_by_itself(settings: Any) -> None:
    _use(settings, "tests.chat.test_publisher.RecordingLayer")
    RecordingLayer.sent.clear()
    publisher.publish("a.group", publisher.membership())
    assert [group for group, _ in RecordingLayer.sent] == ["a.group"]


def test_a_layer_that_fails_is_logged_and_nothing_else(
    settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    _use(settings, FAILING)
    with caplog.at_level(logging.ERROR):
        publisher.publish("a.group", publisher.membership())
    assert "live sockets were not told" in caplog.text


def test_a_layer_that_fails_on_the_loop_is_logged(
    server_loop: asyncio.AbstractEventLoop, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    _use(settings, FAILING)
    with caplog.at_level(logging.ERROR):
        publisher.publish("a.group", publisher.membership())
        asyncio.run_coroutine_threadsafe(asyncio.sleep(0), server_loop).result(timeout=5)
    assert "live sockets were not told" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_a_message_is_stored_although_nobody_can_be_told(
    bob: User, public: Channel, settings: Any
) -> None:
    _use(settings, FAILING)
    services.post_message(bob, public.public_id, content="hello")
    assert Message.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_nobody_hears_what_was_rolled_back(bob: User, public: Channel, settings: Any) -> None:
    _use(settings, "tests.chat.test_publisher.RecordingLayer")
    RecordingLayer.sent.clear()
    with transaction.atomic():
        services.post_message(bob, public.public_id, content="hello")
        transaction.set_rollback(True)
    assert RecordingLayer.sent == []
    services.post_message(bob, public.public_id, content="hello")
    assert len(RecordingLayer.sent) == 1
