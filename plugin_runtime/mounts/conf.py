"""The mounts' settings, each with its default, read in this one place."""

from __future__ import annotations

from typing import cast

from django.conf import settings

from plexichat_plugin_sdk._wire import MAX_FRAME_BYTES

#: A body grows on its way: a JSON number of two bytes and a comma becomes nine bytes of
#: MessagePack. What is admitted must still fit into one frame beside the headers.
BODY_BYTES_CEILING = MAX_FRAME_BYTES * 3 // 8


def _setting(name: str, default: object) -> object:
    return getattr(settings, f"PLEXICHAT_{name}", default)


class MountSettings:
    """Typed view of Django's settings with the prefix `PLEXICHAT_`; read when used."""

    @property
    def body_bytes(self) -> int:
        """The largest request body a plugin is shown, at most `BODY_BYTES_CEILING`."""
        wanted = cast(int, _setting("PLUGIN_BODY_BYTES", 2 * 1024 * 1024))
        return min(wanted, BODY_BYTES_CEILING)

    @property
    def rate(self) -> str:
        """Requests per user and plugin, in DRF's notation (`600/min`); sockets count as one."""
        return cast(str, _setting("PLUGIN_RATE", "600/min"))

    @property
    def endpoint_deadline_ms(self) -> int:
        """How long a user waits for a plugin's answer."""
        return cast(int, _setting("PLUGIN_ENDPOINT_DEADLINE_MS", 30_000))

    @property
    def http_threads(self) -> int:
        """How many threads of this process serve HTTP; plugins never hold all of them."""
        return cast(int, _setting("HTTP_THREADS", 4))

    @property
    def socket_message_bytes(self) -> int:
        """The largest WebSocket message a client may send."""
        return cast(int, _setting("PLUGIN_SOCKET_MESSAGE_BYTES", 256 * 1024))

    @property
    def sockets_per_user(self) -> int:
        """WebSockets that one user may hold to one plugin, in this process."""
        return cast(int, _setting("PLUGIN_SOCKETS_PER_USER", 16))

    @property
    def sockets_per_plugin(self) -> int:
        """WebSockets that one plugin may hold, in this process; leaves lines for calls."""
        return cast(int, _setting("PLUGIN_SOCKETS", 192))

    @property
    def socket_leave_seconds(self) -> float:
        """How long a handler may clean up after its client has left."""
        return cast(float, _setting("PLUGIN_SOCKET_LEAVE_SECONDS", 5.0))

    @property
    def socket_recheck_seconds(self) -> float:
        """How often an open socket's user is looked at again: still active, still permitted?"""
        return cast(float, _setting("PLUGIN_SOCKET_RECHECK_SECONDS", 60.0))


conf = MountSettings()
