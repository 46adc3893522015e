from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from plexichat.chat import services
from plexichat.chat.live import auth
from plugin_runtime.mounts import admission, lookup
from plugin_runtime.mounts.endings import Ended
from plugin_runtime.mounts.routes import SOCKET, Route

from . import boards
from .conftest import Boards

# Threads of their own look at the database here, so a test's transaction would hide its rows.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def route(shown: Boards) -> Route:
    shown.show(boards.plugin(sockets=(boards.socket("/ws/polls", ("polls.read",)),)))
    found = lookup.find("/ws/polls", SOCKET)
    assert found is not None
    return found


def scope(token: str) -> dict[str, Any]:
    headers = [(b"authorization", f"Bearer {token}".encode())]
    return {"path": "/ws/polls", "headers": headers, "query_string": b""}


def admitted(token: str) -> auth.Identity:
    return asyncio.run(admission.admit(scope(token)))[1]


def turned_away(wait: Callable[[], Any]) -> int:
    with pytest.raises(Ended) as caught:
        asyncio.run(wait())
    return caught.value.code


def test_a_permitted_login_is_admitted_and_may_stay(
    route: Route, user: Any, permit: Callable[..., Any]
) -> None:
    permit(user, "polls.read")
    identity = admitted(services.login("ada", password="pw")[1])
    assert identity.user.pk == user.pk
    asyncio.run(admission.check_again(route, identity))


def test_a_wrong_token_and_a_missing_permission_are_not(route: Route, user: Any) -> None:
    token = services.login("ada", password="pw")[1]
    assert turned_away(lambda: admission.admit(scope("plx_wrong"))) == 4401
    assert turned_away(lambda: admission.admit(scope(token))) == 4403


def test_who_loses_the_permission_may_not_stay(
    route: Route, user: Any, permit: Callable[..., Any]
) -> None:
    permit(user, "polls.read")
    identity = admitted(services.login("ada", password="pw")[1])
    user.user_permissions.clear()
    assert turned_away(lambda: admission.check_again(route, identity)) == 4403


def test_who_logs_out_may_not_stay(route: Route, user: Any, permit: Callable[..., Any]) -> None:
    permit(user, "polls.read")
    token = services.login("ada", password="pw")[1]
    identity = admitted(token)
    login = services.token_login(token)
    assert login is not None
    services.logout(login)
    assert turned_away(lambda: admission.check_again(route, identity)) == 4401
