"""People, channels and clients to test with."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from plexichat.chat import events, services
from plexichat.chat.models import Channel, User

PASSWORD = "correct horse battery"
MakeUser = Callable[..., User]
MakeChannel = Callable[..., Channel]
ClientOf = Callable[[User], APIClient]
Payload = dict[str, Any]


@pytest.fixture
def make_user(db: None) -> MakeUser:
    numbers = itertools.count(1)

    def make(username: str = "", **facts: Any) -> User:
        name = username or f"user{next(numbers)}"
        return User.objects.create_user(name, f"{name}@example.com", PASSWORD, **facts)

    return make


@pytest.fixture
def ann(make_user: MakeUser) -> User:
    """Creates what there is."""
    return make_user("ann")


@pytest.fixture
def bob(make_user: MakeUser) -> User:
    """Is a member of what Ann creates."""
    return make_user("bob")


@pytest.fixture
def eve(make_user: MakeUser) -> User:
    """Is a member of nothing."""
    return make_user("eve")


@pytest.fixture
def make_channel(ann: User, bob: User) -> MakeChannel:
    """Return a factory of channels made by Ann, with Bob in them."""

    def make(channel_type: str = "public", *, name: str = "town square") -> Channel:
        channel, _ = services.create_channel(
            ann, name=name, channel_type=channel_type, member_ids=[bob.public_id]
        )
        return channel

    return make


@pytest.fixture
def public(make_channel: MakeChannel) -> Channel:
    return make_channel("public")


@pytest.fixture
def private(make_channel: MakeChannel) -> Channel:
    return make_channel("private", name="back room")


@pytest.fixture
def client_of(db: None) -> ClientOf:
    """Return a factory of clients that are logged in by token."""

    def make(user: User) -> APIClient:
        _, token = services.login(user.username, password=PASSWORD)
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
        return client

    return make


@pytest.fixture(autouse=True)
def _nobody_outside() -> Iterator[None]:
    """Leave plugins out of these tests, and give both doors back for those of others."""
    before = events._consultant, events._recorder
    events.set_consultant(None)
    events.set_recorder(None)
    yield
    events.set_consultant(before[0])
    events.set_recorder(before[1])


class Notebook:
    """A recorder that notes what it is told, in memory."""

    def __init__(self) -> None:
        #: Each event as hook and payload.
        self.events: list[tuple[str, Payload]] = []
        #: Whether each call came inside a transaction.
        self.atomic: list[bool] = []
        #: Ids of stored messages.
        self.stored: list[str] = []

    def event(self, hook: str, build: Callable[[], Payload]) -> None:
        self.atomic.append(connection.in_atomic_block)
        self.events.append((hook, build()))

    def message_stored(self, message_id: str) -> None:
        self.atomic.append(connection.in_atomic_block)
        self.stored.append(message_id)

    def only(self, hook: str) -> Payload:
        """Return the payload of the one event of this hook."""
        [payload] = [payload for name, payload in self.events if name == hook]
        return payload

    def hooks(self) -> list[str]:
        """Return the hooks in the order they were told."""
        return [name for name, _ in self.events]


@pytest.fixture
def notebook() -> Notebook:
    """Record from now on; what a test made before is not in it."""
    book = Notebook()
    events.set_recorder(book)
    return book
