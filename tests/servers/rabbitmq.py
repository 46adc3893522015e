"""A private RabbitMQ on local ports, where the machine has one; no wheel brings it along."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kombu import Connection
from kombu.exceptions import OperationalError

from tests.servers.private import PrivateServer, ServerFailed
from tests.workers import free_port

#: Debian's, past its wrapper, which would become another user.
_PLACES = (Path("/usr/lib/rabbitmq/bin"), Path("/usr/local/sbin"))


def program() -> Path | None:
    """Return the server program on this machine, if any."""
    found = shutil.which("rabbitmq-server", path=os.pathsep.join(map(str, _PLACES)))
    return Path(found) if found else None


@contextmanager
def running(folder: Path) -> Iterator[tuple[PrivateServer, str]]:
    """One that is gone when the block ends, and its address. Raises ServerFailed.

    What it holds is kept in the folder, so that it can be killed and come back.
    """
    found, names = program(), shutil.which("epmd")
    if found is None or names is None:
        raise ServerFailed("no RabbitMQ on this machine")
    folder.mkdir(exist_ok=True)
    (folder / "plugins").write_text("[].")
    # Servers of Erlang's find each other by a daemon that would outlive ours: so one of our own.
    port = str(free_port())
    listing = [names, "-port", port, "-address", "127.0.0.1"]
    daemon = PrivateServer(listing, log=folder / "names.log", user=None)
    try:
        node_port = free_port()
        environment = _environment(folder, names_port=port, node_port=node_port)
        server = PrivateServer(
            [str(found)], log=folder / "rabbitmq.log", user=None, environment=environment
        )
        try:
            url = f"amqp://guest:guest@127.0.0.1:{node_port}//"
            server.wait_until(lambda: _answers(url))
            yield server, url
        finally:
            server.kill()
    finally:
        daemon.kill()


def _environment(folder: Path, *, names_port: str, node_port: int) -> dict[str, str]:
    facts = {
        "NODENAME": f"plexichat{os.getpid()}@localhost",
        "NODE_IP_ADDRESS": "127.0.0.1",
        "NODE_PORT": str(node_port),
        "DIST_PORT": str(free_port()),
        "MNESIA_BASE": str(folder / "data"),
        "LOG_BASE": str(folder / "log"),
        "CONFIG_FILE": str(folder / "none"),
        "ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        "LOGS": "-",
    }
    return {
        **{f"RABBITMQ_{name}": value for name, value in facts.items()},
        "ERL_EPMD_PORT": names_port,
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "HOME": str(folder),  # where it keeps the secret that its nodes share
        "PATH": os.environ["PATH"],
    }


def _answers(url: str) -> bool:
    try:
        with Connection(url, connect_timeout=2) as connection:
            connection.connect()
    except (OperationalError, OSError):
        return False
    return True
