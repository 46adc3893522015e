"""Servers on loopback: plain, slow and secure, with a throw-away authority for the latter."""

from __future__ import annotations

import datetime
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_BLOCK = bytes(64 * 1024)


class Handler(BaseHTTPRequestHandler):
    """Answers by path: `/hello`, `/slow`, `/many` (bytes without end), `/to?URL` (a redirect)."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        if path == "/slow":
            self.server.quit.wait(10)  # type: ignore[attr-defined]
        if path == "/many":
            self._pour()
        elif path == "/to":
            self._answer(302, b"", Location=query)
        else:
            self._answer(200, b"hello " + self.headers["Host"].encode())

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        self._answer(200, str(len(self.rfile.read(length))).encode())

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _pour(self) -> None:
        self.send_response(200)
        self.end_headers()
        while True:
            self.wfile.write(_BLOCK)

    def log_message(self, *_: Any) -> None:
        pass


class Server(ThreadingHTTPServer):
    """Runs in a thread."""

    daemon_threads = True
    address_family = socket.AF_INET6  # and IPv4, as Linux does

    def __init__(self, context: ssl.SSLContext | None) -> None:
        super().__init__(("::", 0), Handler)
        self.port = int(self.server_address[1])
        self.quit = threading.Event()
        if context is not None:
            self.socket = context.wrap_socket(self.socket, server_side=True)

    def handle_error(self, *_: Any) -> None:
        pass  # clients that are cut off are what this is about


@contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[Server]:
    server = Server(context)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield server
    finally:
        server.quit.set()
        server.shutdown()
        server.server_close()


class Certificates:
    """An authority that was made up, and certificates by it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "A made-up authority")])
        self._certificate = self._signed(self._name, self._key, is_authority=True)
        #: What trusts this authority.
        self.bundle = folder / "bundle.pem"
        self.bundle.write_bytes(_pem(self._certificate))
        self.bundle.chmod(0o644)

    def context_for(self, host: str) -> ssl.SSLContext:
        """What a server called `host` needs."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        path = self._folder / f"{host}.pem"
        private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        path.write_bytes(private + _pem(self._signed(name, key, host=host)))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    def _signed(
        self,
        name: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        *,
        host: str = "",
        is_authority: bool = False,
    ) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        )
        if host:
            names = x509.SubjectAlternativeName([x509.DNSName(host)])
            builder = builder.add_extension(names, critical=False)
        return builder.sign(self._key, hashes.SHA256())


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
