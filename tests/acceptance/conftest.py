"""One running server for all acceptance tests; each installs what it needs by command."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.running import Host, command, furnish
from tests.workers import free_port


@dataclass(frozen=True)
class Person:
    """Somebody with an account, and the client that is logged in as them."""

    user_id: str
    username: str
    token: str
    api: httpx.Client


class Server:
    """A running `manage.py run`, as its users and admins meet it."""

    def __init__(self, host: Host, home: Path) -> None:
        self.host = host
        self.home = home
        self.address = host.url.removeprefix("http://")

    def command(self, *words: str, expect: int = 0) -> str:
        """Run `manage.py WORDS` beside the server and return what it prints."""
        return command(self.home, *words, expect=expect)

    def install(self, folder: Path) -> None:
        """Install and enable a plugin, as the README tells."""
        flags = ("--grant-all", "--allow-unsigned", "--enable", "--wait", "60")
        self.command("plugin", "install", str(folder), *flags)

    def shown(self, plugin: str) -> dict[str, Any]:
        """What `plugin show` knows."""
        shown: dict[str, Any] = json.loads(self.command("plugin", "show", plugin, "--json"))
        return shown


@pytest.fixture(scope="session")
def server(django_db_setup: None) -> Iterator[Server]:
    """The server, up and healthy."""
    with tempfile.TemporaryDirectory(prefix="plx-", ignore_cleanup_errors=True) as folder:
        home = furnish(Path(folder) / "home")
        with Host.running(home, free_port()) as host:
            yield Server(host, home)


@pytest.fixture
def join(server: Server) -> Iterator[Callable[[], Person]]:
    """Register people; each call a new one."""
    clients: list[httpx.Client] = []

    def register() -> Person:
        username = f"user{os.urandom(4).hex()}"
        email = f"{username}@example.com"
        facts = {"username": username, "email": email, "password": "long enough 7"}
        answer = httpx.post(f"{server.host.url}/api/v1/auth/register", json=facts).json()
        headers = {"Authorization": f"Bearer {answer['token']}"}
        api = httpx.Client(base_url=f"{server.host.url}/api/v1", headers=headers, timeout=30)
        clients.append(api)
        return Person(answer["user_id"], username, answer["token"], api)

    yield register
    for client in clients:
        client.close()


@pytest.fixture
def ada(join: Callable[[], Person]) -> Person:
    """Somebody."""
    return join()


@pytest.fixture
def lobby(ada: Person) -> str:
    """The id of a public channel of Ada's."""
    answer = ada.api.post("/channels", json={"name": "lobby", "channel_type": "public"})
    return str(answer.json()["channel_id"])


@pytest.fixture
def plugin(server: Server, tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Install a plugin from its code; it is uninstalled afterwards."""
    installed: list[str] = []

    def write_and_install(name: str, code: str) -> str:
        folder = tmp_path / name
        folder.mkdir()
        (folder / "plugin.py").write_text(code)
        (folder / "plugin.yaml").write_text(f'plugin: {{name: {name}, version: "1.0.0"}}\n')
        server.install(folder)
        installed.append(name)
        return name

    yield write_and_install
    for name in installed:
        server.command("plugin", "uninstall", name, "--wait", "30")
