"""A catalogue written by `plexichat-plugin publish`, and a web server on loopback that may lie."""

from __future__ import annotations

import shutil
import ssl
import threading
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from plexichat_plugin_sdk._cli import keygen, publish
from plexichat_plugin_sdk._cli.repository import Repository
from tests.registry.conftest import Write

#: Given the handler and the path, answers by itself and returns True, or leaves it to the server.
Lie = Callable[[BaseHTTPRequestHandler, str], bool]


class Publisher:
    """One who publishes a catalogue."""

    def __init__(self, folder: Path, write: Write) -> None:
        self.folder, self.keys = folder / "catalogue", folder / "keys"
        self._write = write
        keygen.run(Namespace(path=self.keys, catalogue=True))

    @property
    def root(self) -> bytes:
        """What an admin gets by hand."""
        return (self.folder / "root.json").read_bytes()

    def publish(self, *packages: Path, days_ago: float = 30, **options: Any) -> list[str]:
        """Publish as if it were some days ago, and say today that it is still current."""
        moment = datetime.now(UTC) - timedelta(days=days_ago)
        told = self.run(moment, packages=list(packages), **options)
        self.renew()
        return told

    def run(
        self, now: datetime, *, block: str = "", unblock: str = "", **options: Any
    ) -> list[str]:
        """Run the verb at some moment."""
        given: dict[str, Any] = {
            "folder": self.folder,
            "keys": self.keys,
            "packages": [],
            "block": [block] if block else [],
            "unblock": [unblock] if unblock else [],
            "reason": "it steals passwords",
            "renew": False,
            "former_root": None,
        }
        return publish.run(Namespace(**(given | options)), now=now)

    def renew(self, now: datetime | None = None) -> None:
        """Say that it is still current."""
        self.run(now or datetime.now(UTC), renew=True)

    def raw(self, files: dict[str, bytes]) -> None:
        """Publish these targets as they are, with the right keys."""
        Repository(self.folder, self.keys, now=datetime.now(UTC)).publish(files)

    def contents(self, target: str) -> bytes:
        """A target as it is now."""
        found = Repository(self.folder, self.keys, now=datetime.now(UTC)).contents(target)
        assert found is not None
        return found

    def package(self, name: str = "demo", version: str = "1.0.0", manifest: str = "") -> Path:
        """A package's folder."""
        return self._write(name, manifest, version=version, folder=f"{name}-{version}")

    def copy(self, to: Path) -> Path:
        """The catalogue as it is now, for showing it later."""
        return Path(shutil.copytree(self.folder, to))


def certificate(path: Path, host: str) -> Path:
    """Write a key and the certificate that it signed for a host, one file for both."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(
        now + timedelta(days=1)
    )
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), False)
    signed = builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)
    written = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(written + signed)
    return path


class Server:
    """Serves a folder on loopback, unless it was told to lie."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lie: Lie | None = None
        self.asked: list[str] = []
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True
        self.ended = threading.Event()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self._http.server_port}"

    @property
    def encrypted_url(self) -> str:
        """Where it is once it encrypts."""
        return f"https://localhost:{self._http.server_port}"

    def encrypt(self, certificate: Path) -> None:
        """Speak https from now on, with this certificate and key."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self._http.socket = context.wrap_socket(
            self._http.socket, server_side=True, do_handshake_on_connect=False
        )

    @contextmanager
    def running(self) -> Iterator[Server]:
        """Serve for the length of the block."""
        thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.ended.set()
            self._http.shutdown()
            self._http.server_close()
            thread.join(5)

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """One request."""
        self.asked.append(handler.path)
        if self.lie is not None and self.lie(handler, handler.path):
            return
        path = self.folder / handler.path.lstrip("/")
        if not path.is_file():
            handler.send_error(404)
            return
        content = path.read_bytes()
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                try:
                    server.answer(self)
                except OSError:
                    return  # the client had enough, as it should

            def log_message(self, *_: object) -> None:
                return

        return Handler
