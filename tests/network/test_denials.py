"""What no grant allows is refused inside a sandbox, in words that say what is missing."""

from __future__ import annotations

import pytest

from .conftest import NAME, Dialler
from .servers import Server

pytestmark = pytest.mark.django_db

CONNECT = "import socket; socket.create_connection((host, port), timeout=5).close()"
OTHER_WAYS = {
    "udp": ("socket.socket(socket.AF_INET, socket.SOCK_DGRAM)", "UDP"),
    "udp_6": ("socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)", "UDP"),
    "raw": ("socket.socket(socket.AF_INET, socket.SOCK_RAW)", "a raw socket"),
    "netlink": ("socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)", "a raw socket"),
    "protocol": ("socket.socket(socket.AF_INET, socket.SOCK_STREAM, 132)", "this kind"),
    "unix": ("socket.socket(socket.AF_UNIX).connect('/dev/log')", "a Unix socket"),
    "unix_pair": ("socket.socketpair()[0].connect('/dev/log')", "not TCP"),
    "listen": ("socket.socket().listen()", "listening for connections"),
    "bind": ("socket.socket().bind(('127.0.0.1', 8000))", "binding a socket"),
    "buffers": (
        "socket.socket().setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)",
        "setting the socket option",
    ),
    "names_for_udp": ("socket.getaddrinfo('api.test', 53, type=socket.SOCK_DGRAM)", "but TCP"),
}


def test_a_host_that_was_not_asked_for_is_named(dialler: Dialler) -> None:
    said = dialler.try_(CONNECT, host="evil.test", port=443)

    assert said["kinds"][:2] == ["PermissionError", "PluginError"]
    assert "OSError" in said["kinds"]
    assert "lacks the capability 'network:evil.test'" in said["error"]
    assert "plugin.yaml" in said["error"]


def test_another_port_of_a_granted_host_is_refused(dialler: Dialler, server: Server) -> None:
    said = dialler.try_(CONNECT, host="api.test", port=server.port + 1)

    assert f"'network:api.test:{server.port + 1}'" in said["error"]
    assert dialler.do(CONNECT, host="api.test", port=server.port) == "done"


def test_a_name_is_not_looked_up_without_a_grant(dialler: Dialler) -> None:
    text = "import socket; answer = socket.gethostbyname(host)"

    assert "'network:evil.test'" in dialler.try_(text, host="evil.test")["error"]
    assert dialler.do(text, host="API.test.") == "API.test."


@pytest.mark.parametrize("host", ["api.test.evil.test", "xapi.test", "wild.test", "127.1"])
def test_lookalikes_of_granted_hosts_are_refused(dialler: Dialler, host: str) -> None:
    assert "lacks the capability" in dialler.try_(CONNECT, host=host, port=80)["error"]


@pytest.mark.parametrize(
    "host",
    ["a b", "api.test/", "[api.test", "api.test@evil.test", "é" * 64],
    ids=["space", "path", "bracket", "user", "too_long"],
)
def test_what_is_no_host_says_so(dialler: Dialler, host: str) -> None:
    said = dialler.try_(CONNECT, host=host, port=80)

    assert said["kinds"][0] == "gaierror"
    assert "no host name" in said["error"]


def test_servers_of_pythons_own_are_refused(dialler: Dialler) -> None:
    said = dialler.try_("import socket; socket.create_server(('', 8000))")

    assert said["kinds"][0] == "PermissionError"
    assert "binding a socket to an address is not possible" in said["error"]


def test_below_a_wildcard_every_name_is_granted(dialler: Dialler) -> None:
    said = dialler.try_(CONNECT, host="any.thing.wild.test", port=80)

    assert "leads nowhere" in said["error"]


@pytest.mark.parametrize("host", ["private.test", "127.0.0.1"])
def test_a_granted_host_on_this_machine_is_refused(
    dialler: Dialler, server: Server, host: str
) -> None:
    said = dialler.try_(CONNECT, host=host, port=server.port)

    assert said["kinds"][0] == "PermissionError"
    assert "leads to this machine" in said["error"]
    assert "PLEXICHAT_NETWORK_INTERNAL_HOSTS" in said["error"]
    assert dialler.do(CONNECT, host="::1", port=server.port) == "done"


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://127.0.0.1:{port}/hello", "leads to this machine"),
        ("http://evil.test/", "lacks the capability 'network:evil.test'"),
        ("http://169.254.169.254/latest/", "lacks the capability 'network:169.254.169.254'"),
    ],
)
def test_redirects_lead_nowhere_else(
    dialler: Dialler, server: Server, url: str, reason: str
) -> None:
    said = dialler.try_(
        "import urllib.request; urllib.request.urlopen(f'http://api.test:{port}/to?{url}')",
        port=server.port,
        url=url.format(port=server.port),
    )

    assert reason in said["error"]
    here = f"http://api.test:{server.port}/hello"
    assert dialler.do(
        "import urllib.request; urllib.request.urlopen(f'http://api.test:{port}/to?{url}')",
        port=server.port,
        url=here,
    )


@pytest.mark.parametrize(("text", "reason"), OTHER_WAYS.values(), ids=OTHER_WAYS)
def test_everything_but_tcp_is_refused(dialler: Dialler, text: str, reason: str) -> None:
    said = dialler.try_(f"import socket; {text}")

    assert said["kinds"][:2] == ["PermissionError", "PluginError"]
    assert reason in said["error"]
    assert "hosts that it was granted" in said["error"]


def test_the_kernel_refuses_what_goes_around_python(dialler: Dialler, server: Server) -> None:
    said = dialler.do(
        """
        import ctypes, errno, socket, struct
        libc = ctypes.CDLL(None, use_errno=True)
        own = socket.create_connection(("api.test", port), timeout=30)
        fd = own.fileno()
        nowhere = struct.pack("=H14x", socket.AF_UNSPEC)
        elsewhere = struct.pack("!2sH4s8x", struct.pack("=H", socket.AF_INET), port, bytes(4))
        one = struct.pack("=i", 1)
        tries = {
            "socket": lambda: libc.socket(socket.AF_INET, socket.SOCK_STREAM, 0),
            "datagrams": lambda: libc.socket(socket.AF_INET, socket.SOCK_DGRAM, 0),
            "dissolve": lambda: libc.connect(fd, nowhere, len(nowhere)),
            "reconnect": lambda: libc.connect(fd, elsewhere, len(elsewhere)),
            "send_and_connect": lambda: libc.sendto(
                fd, b"x", 1, 0x20000000, elsewhere, len(elsewhere)
            ),
            "bind": lambda: libc.bind(fd, elsewhere, len(elsewhere)),
            "listen": lambda: libc.listen(fd, 1),
            "to_device": lambda: libc.setsockopt(fd, socket.SOL_SOCKET, 25, b"lo", 2),
            "repair": lambda: libc.setsockopt(fd, socket.IPPROTO_TCP, 19, one, 4),
            "buffer": lambda: libc.setsockopt(fd, socket.SOL_SOCKET, 8, one, 4),
        }
        answer = {}
        for name, attempt in tries.items():
            answer[name] = errno.errorcode[ctypes.get_errno()] if attempt() == -1 else "worked"
        answer["no_delay"] = libc.setsockopt(fd, socket.IPPROTO_TCP, socket.TCP_NODELAY, one, 4)
        own.sendall(b"GET /hello HTTP/1.0\\r\\nHost: me\\r\\n\\r\\n")
        answer["still_talks"] = own.recv(8).decode()
        own.close()
        """,
        port=server.port,
    )

    assert (said.pop("no_delay"), said.pop("still_talks")) == (0, "HTTP/1.1")
    assert set(said.values()) == {"EPERM"}, said


def test_what_is_asked_must_make_sense(dialler: Dialler) -> None:
    text = """
    from plexichat_plugin_sdk import _host
    _host.ask("network.check", host=host, port=port)
    """
    for host, port in ((7, 80), ("a/b", 80), ("", 80), ("api.test", 70_000), ("api.test", "80")):
        assert dialler.try_(text, host=host, port=port)["kinds"][0] == "ValidationError"


def test_the_plugin_lives_on(dialler: Dialler) -> None:
    assert dialler.platform.plugin(NAME).state == "active"
