"""A catalogue that is away, slow or lies: refused, and nothing changes; each with its honest twin.

The catalogue was written by `plexichat-plugin publish`; the server on loopback shows what an
attacker would show who stands between, or who has some of the keys.
"""

from __future__ import annotations

import json
import shutil
import socket
import threading
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from plexichat_plugin_sdk._cli import keygen
from plugins_registry import queries, services
from plugins_registry.catalogue import reaching
from plugins_registry.exceptions import CatalogueRefused
from plugins_registry.models import Catalogue, Plugin, Problem
from tests.registry.catalogues import Publisher, Server, certificate
from tests.registry.conftest import Write, tree

pytestmark = pytest.mark.django_db


@pytest.fixture
def publisher(tmp_path: Path, write: Write) -> Publisher:
    """One who has published demo 1.0.0."""
    one = Publisher(tmp_path, write)
    one.publish(one.package())
    return one


@pytest.fixture
def server(publisher: Publisher, home: Path) -> Iterator[Server]:
    """Serves it; this server knows it and has asked it once."""
    with Server(publisher.folder).running() as running:
        services.add_catalogue("shop", running.url, publisher.root)
        services.refresh_catalogue("shop")
        yield running


def offers() -> list[tuple[str, str]]:
    return [(offer.name, offer.version) for offer in queries.search()]


def refused(sentence: str, home: Path) -> None:
    """Asking is refused for this reason; what is known and installed stays; a problem says so."""
    known, files = offers(), tree(home / "releases") if (home / "releases").exists() else {}
    with pytest.raises(CatalogueRefused, match=sentence):
        services.refresh_catalogue("shop")
    with pytest.raises(CatalogueRefused), services.offered("demo"):
        pass
    assert offers() == known
    assert (tree(home / "releases") if (home / "releases").exists() else {}) == files
    assert "What is installed stays as it is" in Problem.objects.get(dismissed=False).message


def believed(*versions: str) -> None:
    """The honest twin: asking works, and the problem is gone."""
    services.refresh_catalogue("shop")
    assert offers() == [("demo", version) for version in versions]
    assert not Problem.objects.filter(dismissed=False).exists()
    assert Catalogue.objects.get().problem == ""


def test_freeze_an_old_state_that_was_not_renewed_is_refused(
    publisher: Publisher, server: Server, home: Path
) -> None:
    publisher.renew(datetime.now(UTC) - timedelta(days=15))
    refused("has expired: it is not renewed any more, or somebody shows an old state", home)
    publisher.renew()
    believed("1.0.0")


def test_rollback_an_older_state_than_was_seen_is_refused(
    publisher: Publisher, server: Server, home: Path, tmp_path: Path
) -> None:
    former = publisher.copy(tmp_path / "former")
    publisher.publish(publisher.package(version="2.0.0"))
    services.refresh_catalogue("shop")
    server.folder = former
    refused("another state than it should, perhaps older", home)
    server.folder = publisher.folder
    believed("1.0.0")  # 2.0.0 is still fresh


def test_mix_and_match_parts_of_different_states_are_refused(
    publisher: Publisher, server: Server, home: Path, tmp_path: Path
) -> None:
    former = publisher.copy(tmp_path / "former")
    publisher.publish(publisher.package(version="2.0.0"))
    mixed = publisher.copy(tmp_path / "mixed")
    for newer in (mixed / "metadata").glob("*.targets.json"):
        shutil.copy(former / "metadata" / "1.targets.json", newer)
    server.folder = mixed
    refused("another state than it should", home)
    server.folder = publisher.folder
    believed("1.0.0")


def test_a_package_that_was_exchanged_is_refused(
    publisher: Publisher, server: Server, home: Path
) -> None:
    (archive,) = publisher.folder.rglob("*.demo-1.0.0.zip")
    sound = archive.read_bytes()
    archive.write_bytes(sound[:-1] + b"?")
    with (
        pytest.raises(CatalogueRefused, match="a file is not what its metadata says"),
        services.offered("demo"),
    ):
        pass
    assert not list((home / "releases").glob("*"))
    archive.write_bytes(sound)
    with services.offered("demo") as path:
        assert path.read_bytes() == sound


@pytest.mark.parametrize("role", ["root", "targets", "snapshot", "timestamp"])
def test_metadata_signed_with_a_wrong_key_is_refused(
    role: str, publisher: Publisher, server: Server, home: Path, tmp_path: Path, write: Write
) -> None:
    thief = Publisher(tmp_path / "thief", write)
    shutil.copytree(publisher.folder, thief.folder)
    for each in {*keygen.ROLES} - {role}:
        shutil.copy(publisher.keys / f"{each}.pem", thief.keys / f"{each}.pem")
    forged = Publisher(tmp_path / "forged", write)  # the thief's own catalogue, from the beginning
    shutil.rmtree(forged.keys)
    shutil.copytree(thief.keys, forged.keys)
    for version in ("2", "3", "4"):
        forged.publish(forged.package(version=version))
    if role == "root":  # he names a key of his own in a second root
        new_key(forged, "timestamp")
        forged.publish()
    server.folder = forged.folder
    refused("not signed with the keys that its root names", home)
    server.folder = publisher.folder
    # A thief of the upper keys may have counted their versions up; new keys begin a new count.
    for stolen in ("timestamp", "snapshot"):
        new_key(publisher, stolen)
    publisher.publish()
    believed("1.0.0")


def new_key(publisher: Publisher, role: str) -> None:
    (publisher.keys / f"{role}.pem").unlink()
    keygen.run(Namespace(path=publisher.keys / f"{role}.pem", catalogue=False))


def test_a_stranger_with_keys_of_his_own_is_refused(
    publisher: Publisher, server: Server, home: Path, tmp_path: Path, write: Write
) -> None:
    stranger = Publisher(tmp_path / "stranger", write)
    stranger.publish(stranger.package(version="9"))
    server.folder = stranger.folder
    refused("not signed with the keys that its root names", home)
    services.add_catalogue("his", server.url, stranger.root)
    services.refresh_catalogue("his")  # whoever pins his root believes him


def test_keys_may_be_exchanged_by_whoever_has_the_root(
    publisher: Publisher, server: Server, tmp_path: Path
) -> None:
    former = tmp_path / "former.pem"
    shutil.move(publisher.keys / "root.pem", former)
    shutil.rmtree(publisher.keys)
    keygen.run(Namespace(path=publisher.keys, catalogue=True))
    with pytest.raises(Exception, match="servers would not follow a new root key"):
        publisher.publish()
    publisher.publish(former_root=former)
    believed("1.0.0")


# --- Servers that are away, slow, endless or elsewhere ----------------------------------------


def test_a_catalogue_that_is_away_changes_nothing(
    publisher: Publisher, server: Server, home: Path, settings: Settings
) -> None:
    call_command("plugin", "install", "demo", "--allow-unsigned")
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    Catalogue.objects.update(url=f"http://127.0.0.1:{port}")
    refused("could not be reached", home)
    with pytest.raises(CommandError, match="Nothing was changed"):
        call_command("plugin", "catalogue", "refresh")
    assert Plugin.objects.filter(name="demo", release__version="1.0.0").exists()
    Catalogue.objects.update(url=server.url)
    believed("1.0.0")


def endless(handler: BaseHTTPRequestHandler, path: str) -> bool:
    if "timestamp" not in path:
        return False
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(b" " * 65536)


def test_endless_data_is_cut(server: Server, home: Path) -> None:
    server.lie = endless
    refused("its server sends more than it should", home)
    server.lie = None
    believed("1.0.0")


@pytest.mark.parametrize("what", ["headers", "body"])
def test_a_server_that_drips_is_cut(
    what: str, server: Server, home: Path, settings: Settings
) -> None:
    def drip(handler: BaseHTTPRequestHandler, path: str) -> bool:
        handler.wfile.write(b"HTTP/1.0 200 OK\r\n" + (b"\r\n" if what == "body" else b"X: "))
        while not server.ended.wait(0.02):
            handler.wfile.write(b"x")
        return True

    settings.PLEXICHAT_CATALOGUE_SECONDS = 0.3
    server.lie = drip
    refused("the server was too slow", home)
    server.lie = None
    settings.PLEXICHAT_CATALOGUE_SECONDS = 20
    believed("1.0.0")


def sent_to(where: Callable[[str], str]) -> Callable[[BaseHTTPRequestHandler, str], bool]:
    def lie(handler: BaseHTTPRequestHandler, path: str) -> bool:
        if path.startswith("/moved"):
            return False
        handler.send_response(302)
        handler.send_header("Location", where(path))
        handler.end_headers()
        return True

    return lie


@pytest.mark.parametrize(
    ("where", "sentence"),
    [
        (lambda path: path, "sent us elsewhere more than 3 times"),
        (lambda _: "http://192.0.2.1/", "only https is"),
        (lambda _: "https://10.0.0.1/", r"10\.0\.0\.1, which is a private network"),
        (lambda _: "https://169.254.169.254/", "which is a link-local network"),
        (lambda _: "file:///etc/passwd", "no web address"),
        (lambda _: "", "sent us elsewhere"),
    ],
)
def test_we_are_not_sent_anywhere(
    where: Callable[[str], str], sentence: str, server: Server, home: Path
) -> None:
    server.lie = sent_to(where)
    refused(sentence, home)


def test_we_may_be_sent_to_another_path(server: Server, publisher: Publisher) -> None:
    shutil.copytree(publisher.folder, publisher.folder / "moved")
    server.lie = sent_to(lambda path: f"/moved{path}")
    believed("1.0.0")


def test_https_is_spoken_with_whom_the_certificate_names(
    server: Server, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = certificate(tmp_path / "localhost.pem", "localhost")
    server.encrypt(path)
    Catalogue.objects.update(url=server.encrypted_url)
    refused("CERTIFICATE_VERIFY_FAILED", home)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    believed("1.0.0")
    Catalogue.objects.update(url=server.encrypted_url.replace("localhost", "127.0.0.1"))
    refused("CERTIFICATE_VERIFY_FAILED", home)


def test_a_catalogue_on_the_internet_cannot_lead_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    url = reaching.checked_url("https://catalogue.example/metadata")
    inside = reaching.Reach(is_local=False, allow_private=False)
    for address in ("127.0.0.1", "192.168.1.4", "::1", "::ffff:127.0.0.1"):
        answer = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, answer=answer, **__: answer)
        with pytest.raises(reaching.Unreachable, match="an admin may add the catalogue with"):
            inside.connect(url, until=time.monotonic() + 20)


def test_names_are_resolved_before_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    url, reach = (
        reaching.checked_url("https://catalogue.example/"),
        reaching.Reach(is_local=False, allow_private=False),
    )
    hanging = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: hanging.wait(20) and [])
    with pytest.raises(TimeoutError):
        reach.connect(url, until=time.monotonic() + 0.05)
    hanging.set()
    monkeypatch.undo()
    with pytest.raises(reaching.Unreachable, match="has no address"):
        reach.connect(reaching.checked_url("https://no..name/"), until=time.monotonic() + 20)


def test_a_private_catalogue_is_reached_by_an_admins_word(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = reaching.checked_url(f"https://inside.example:{listening.getsockname()[1]}/")
        answer = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answer)
        allowed = reaching.Reach(is_local=False, allow_private=True)
        allowed.connect(url, until=time.monotonic() + 20).close()


# --- Indexes that were signed, and are wrong nevertheless -------------------------------------


@pytest.mark.parametrize(
    ("name", "contents", "sentence"),
    [
        ("index.json", b"[", "its index.json is not in order"),
        (
            "index.json",
            b'{"format": 2, "plugins": []}',
            "its index.json is not in order, at format",
        ),
        (
            "index.json",
            b'{"format": 1, "plugins": [{"name": "../x", "releases": []}]}',
            r"at plugins\.0\.name",
        ),
        ("blocks.json", b'{"format": 1, "blocks": [{"reason": "all"}]}', "must have a digest"),
        ("blocks.json", b'{"format": 1, "blocks": [{"name": "a"}]}', r"blocks\.0\.reason"),
    ],
)
def test_a_signed_index_that_makes_no_sense_is_refused(
    name: str, contents: bytes, sentence: str, publisher: Publisher, server: Server, home: Path
) -> None:
    publisher.raw({name: contents})
    refused(sentence, home)


def test_an_index_that_tells_of_another_package_is_refused(
    publisher: Publisher, server: Server, home: Path
) -> None:
    index = json.loads(publisher.contents("index.json"))
    (release,) = index["plugins"][0]["releases"]
    sound, release["digest"] = release["digest"], "0" * 64
    publisher.raw({"index.json": json.dumps(index).encode()})
    with (
        pytest.raises(CatalogueRefused, match="are not those that the catalogue's index tells"),
        services.offered("demo", insist=True),
    ):
        pass
    release["digest"] = sound
    publisher.raw({"index.json": json.dumps(index).encode()})
    with services.offered("demo", insist=True):
        pass
