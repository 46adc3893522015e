"""Clients inside a sandbox reach what was granted, unmodified."""

from __future__ import annotations

import pytest

from .conftest import Dialler
from .servers import Server

pytestmark = pytest.mark.django_db


def test_urllib_gets_an_answer(dialler: Dialler, server: Server) -> None:
    said = dialler.do(
        """
        import urllib.request
        with urllib.request.urlopen(f"http://api.test:{port}/hello", timeout=30) as response:
            answer = response.read().decode()
        """,
        port=server.port,
    )

    assert said == f"hello api.test:{server.port}"


def test_urllib_trusts_the_hosts_authorities(dialler: Dialler, secure_server: Server) -> None:
    said = dialler.do(
        """
        import urllib.request
        answer = urllib.request.urlopen(f"https://api.test:{port}/hello").read().decode()
        """,
        port=secure_server.port,
    )

    assert said == f"hello api.test:{secure_server.port}"


def test_a_certificate_for_another_host_is_refused(dialler: Dialler, secure_server: Server) -> None:
    said = dialler.try_(
        """
        import urllib.request
        urllib.request.urlopen(f"https://[::1]:{port}/hello")
        """,
        port=secure_server.port,
    )

    assert "CERTIFICATE_VERIFY_FAILED" in said["error"]


def test_a_socket_may_be_wrapped_before_it_connects(
    dialler: Dialler, secure_server: Server
) -> None:
    said = dialler.do(
        """
        import socket, ssl
        context = ssl.create_default_context()
        with context.wrap_socket(socket.socket(), server_hostname="api.test") as connection:
            connection.connect(("api.test", port))
            answer = [connection.version(), list(connection.getpeername()[:2])]
        """,
        port=secure_server.port,
    )

    assert said == ["TLSv1.3", ["127.0.0.1", secure_server.port]]


def test_http_client_keeps_its_connection(dialler: Dialler, server: Server) -> None:
    said, ports = dialler.do(
        """
        import http.client
        ports = set()
        connection = http.client.HTTPConnection("api.test", port, timeout=30)
        answer = []
        for _ in range(3):
            connection.request("POST", "/", body=bytes(300_000))
            answer.append(connection.getresponse().read().decode())
            ports.add(connection.sock.getsockname()[1])
        connection.close()
        answer = [answer, len(ports)]
        """,
        port=server.port,
    )

    assert said == ["300000"] * 3
    assert ports == 1
    dialler.wait_until_hung_up()


def test_httpx_gets_an_answer(dialler: Dialler, server: Server, secure_server: Server) -> None:
    said = dialler.do(
        """
        import httpx
        with httpx.Client(timeout=30) as client:
            answer = [client.get(url).text for url in urls]
        """,
        urls=_urls(server, secure_server),
    )

    assert said == [f"hello api.test:{each.port}" for each in (server, secure_server)]


def test_httpx_gets_answers_on_the_event_loop(
    dialler: Dialler, server: Server, secure_server: Server
) -> None:
    said = dialler.do(
        """
        import asyncio, httpx
        async def ask():
            async with httpx.AsyncClient(timeout=30) as client:
                return [each.text for each in await asyncio.gather(*map(client.get, urls))]
        answer = asyncio.run(ask())
        """,
        urls=_urls(server, secure_server),
    )

    assert said == [f"hello api.test:{each.port}" for each in (server, secure_server)]


def test_streams_of_asyncio_work(dialler: Dialler, server: Server) -> None:
    said = dialler.do(
        """
        import asyncio
        async def ask():
            reader, writer = await asyncio.open_connection("api.test", port)
            writer.write(b"GET /hello HTTP/1.0\\r\\nHost: me\\r\\n\\r\\n")
            text = await reader.read()
            writer.close()
            await writer.wait_closed()
            return text.decode()
        answer = asyncio.run(ask())
        """,
        port=server.port,
    )

    assert said.endswith("hello me")
    dialler.wait_until_hung_up()


def test_the_event_loop_hears_why_there_is_no_connection(dialler: Dialler) -> None:
    said = dialler.do(
        """
        import asyncio
        async def reason(host, port):
            try:
                await asyncio.open_connection(host, port)
            except OSError as error:
                return f"{type(error).__name__}: {error}"
        async def ask():
            return [await reason("gone.test", 80), await reason("evil.test", 80)]
        answer = asyncio.run(ask())
        """
    )

    assert "gaierror" in said[0]
    assert "'network:evil.test'" in said[1]


def test_a_non_blocking_socket_says_when_it_is_connected(dialler: Dialler, server: Server) -> None:
    said = dialler.do(
        """
        import errno, select, socket
        connection = socket.socket()
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        answer = [errno.errorcode[connection.connect_ex(("api.test", port))]]
        select.select([], [connection], [], 5)
        answer.append(connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
        answer.append(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        connection.close()
        """,
        port=server.port,
    )

    assert said == ["EINPROGRESS", 0, 1]


def test_options_of_clients_can_be_set(dialler: Dialler, server: Server) -> None:
    said = dialler.do(
        """
        import socket
        early, late = socket.socket(), socket.socket()
        options = [
            (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
            (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
            (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 60),
            (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 30),
            (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 5),
        ]
        for option in options:
            early.setsockopt(*option)
        for connection in (early, late):
            connection.connect(("api.test", port))
        for option in options:
            late.setsockopt(*option)
        answer = [
            [each.getsockopt(*option[:2]) for option in options] for each in (early, late)
        ]
        early.close()
        late.close()
        """,
        port=server.port,
    )

    assert said == [[1, 1, 60, 30, 5]] * 2


def test_a_read_times_out_when_the_server_is_slow(dialler: Dialler, server: Server) -> None:
    said = dialler.try_(
        """
        import urllib.request
        urllib.request.urlopen(f"http://api.test:{port}/slow", timeout=0.2)
        """,
        port=server.port,
    )

    assert "TimeoutError" in said["kinds"]


def test_a_closed_port_is_a_refused_connection(dialler: Dialler) -> None:
    said = dialler.try_("import socket; socket.create_connection(('closed.test', 1))")

    assert "ConnectionRefusedError" in said["kinds"]
    assert "closed.test (port 1)" in said["error"]


def test_a_name_that_leads_nowhere_says_so(dialler: Dialler) -> None:
    said = dialler.try_("import socket; socket.create_connection(('gone.test', 443))")

    assert said["kinds"][0] == "gaierror"
    assert "'gone.test' leads nowhere" in said["error"]


def test_the_host_hears_of_every_end(dialler: Dialler, server: Server) -> None:
    dialler.do(
        """
        import gc, os, socket
        forgotten = socket.create_connection(("api.test", port))
        copied = socket.create_connection(("api.test", port))
        copy = copied.dup()
        copied.close()
        copy.sendall(b"GET /hello HTTP/1.0\\r\\nHost: me\\r\\n\\r\\n")
        assert copy.recv(100)
        copy.close()
        del forgotten, copied
        gc.collect()
        """,
        port=server.port,
    )

    dialler.wait_until_hung_up()


def _urls(server: Server, secure_server: Server) -> list[str]:
    return [
        f"http://api.test:{server.port}/hello",
        f"https://api.test:{secure_server.port}/hello",
    ]
