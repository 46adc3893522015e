"""One platform with one plugin that runs what it is sent, and servers for it to reach."""

from __future__ import annotations

import importlib.util
import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from django.core.management import call_command
from django.test import override_settings

from plugin_runtime.conversations import call
from plugin_runtime.gateway.network import answering
from plugin_runtime.gateway.network.connections import desk
from tests.platform import Platform, running_platform
from tests.waiting import wait_for

from .servers import Certificates, Server, serving

NAME = "dials"
PATH = f"/api/v1/{NAME}/do"
CODE = f"""
    import traceback
    from plexichat_plugin_sdk import Plugin, endpoint

    class Dials(Plugin):
        kept = {{}}

        @endpoint("{PATH}", methods=["POST"])
        def do(self, request):
            world = {{"answer": "done", "kept": self.kept, **request.body["facts"]}}
            try:
                exec(request.body["text"], world)
            except Exception as error:
                kinds = [kind.__name__ for kind in type(error).__mro__]
                return {{"error": str(error), "kinds": kinds}}
            return {{"answer": world["answer"]}}
"""
#: Every host of these names leads to this machine.
HOSTS = {name: ["127.0.0.1"] for name in ("api.test", "closed.test", "private.test")}
#: What the plugin brings along: httpx with all it needs, as its author would have it installed.
BROUGHT = ("httpx", "httpcore", "h11", "anyio", "idna", "certifi", "sniffio", "typing_extensions")


class Dialler:
    """The plugin, from outside."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform

    def try_(self, text: str, **facts: Any) -> dict[str, Any]:
        """Run a text inside; what it left in `answer`, or its exception."""
        body = {"text": dedent(text), "facts": facts}
        payload = {"user_id": "u", "method": "POST", "path": PATH, "body": body}
        _, _, said = call(NAME, "endpoint", f"POST {PATH}", payload, deadline_ms=15_000)
        assert isinstance(said, dict), said
        return said

    def do(self, text: str, **facts: Any) -> Any:
        """The same for what must work."""
        said = self.try_(text, **facts)
        assert "answer" in said, said
        return said["answer"]

    def wait_until_hung_up(self) -> None:
        """Wait until the host has let go of every connection, forgotten ones too."""
        self.do("import gc; gc.collect()")
        wait_for(lambda: not desk.open_of(NAME), what="the end of all connections")


@pytest.fixture
def _django_db_helper() -> None:
    """Takes the place of pytest-django's: this database lives as long as the platform."""


@pytest.fixture(scope="package")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    folder = tmp_path_factory.mktemp("certificates")
    for parent in (folder, *folder.parents[:2]):
        parent.chmod(0o755)  # a sandbox's own user must get through
    return Certificates(folder)


@pytest.fixture(scope="package")
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.fixture(scope="package")
def secure_server(certificates: Certificates) -> Iterator[Server]:
    with serving(certificates.context_for("api.test")) as running:
        yield running


_never = threading.Event()


def resolve(host: str) -> list[str]:
    """Stand in for the internet's names."""
    if host == "slow.test":
        _never.wait(3)
    if host not in HOSTS:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    return HOSTS[host]


@pytest.fixture(scope="package")
def dialler(
    django_db_setup: None,
    django_db_blocker: Any,
    certificates: Certificates,
    server: Server,
    secure_server: Server,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Dialler]:
    home = Path(tempfile.mkdtemp(prefix="plx-"))  # a socket's address must stay short
    ports = (server.port, secure_server.port)
    internal = [f"{host}:{port}" for host in ("api.test", "[::1]") for port in ports]
    internal.append("closed.test:1")
    patch = pytest.MonkeyPatch()
    patch.setenv("SSL_CERT_FILE", str(certificates.bundle))
    patch.setattr(answering, "resolver", resolve)
    patch.setattr("plugin_runtime.gateway.network.connections.KEEP_SECONDS", 0.5)
    with (
        django_db_blocker.unblock(),
        override_settings(
            PLEXICHAT_HOME=home,
            PLEXICHAT_NETWORK_INTERNAL_HOSTS=internal,
            PLEXICHAT_PLUGIN_CONNECTIONS_PER_MINUTE=60_000,
        ),
        running_platform(tmp_path_factory.mktemp("plugins")) as platform,
    ):
        folder = platform.write(NAME, CODE, manifest=_manifest(*ports))
        _bring(folder)
        platform.install(folder)
        yield Dialler(platform)
        platform.kill(NAME)
        wait_for(lambda: not desk.is_watching, what="the end of all connections")
    patch.undo()
    with django_db_blocker.unblock():
        call_command("flush", interactive=False, verbosity=0)
    shutil.rmtree(home, ignore_errors=True)


def _manifest(*ports: int) -> str:
    granted = ["private.test", "*.wild.test", "gone.test", "slow.test", "closed.test:1"]
    for port in ports:
        granted += [f"{host}:{port}" for host in ("api.test", "private.test", "[::1]", "127.0.0.1")]
    names = ", ".join(f'"network:{host}"' for host in granted)
    return f"permissions: {{required: [], optional: [{names}]}}\n"


def _bring(folder: Path) -> None:
    for name in BROUGHT:
        found = importlib.util.find_spec(name)
        if found is None or found.origin is None:
            continue  # not needed with this Python
        source = Path(found.origin)
        if source.name == "__init__.py":
            ignored = shutil.ignore_patterns("__pycache__", "*.so")
            shutil.copytree(source.parent, folder / name, ignore=ignored)
        else:
            shutil.copy(source, folder)
