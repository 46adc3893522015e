"""What supervisor and zygote say to each other: one record per packet of a `SOCK_SEQPACKET` pair.

Packets keep a record and the descriptor beside it together. `Spawn` carries the sandbox's end of
the control line, `Spawned` a pidfd. The zygote speaks first: `Ready` or `NotReady`.
"""

from __future__ import annotations

import msgspec

from plugin_runtime.sandbox.confinement import Confinement

#: A packet must fit the socket's buffer; a confinement is a few KiB.
MAX_PACKET_BYTES = 128 * 1024


class Ready(msgspec.Struct, array_like=True, tag="ready", frozen=True):
    """The zygote has set itself up and takes orders."""


class NotReady(msgspec.Struct, array_like=True, tag="not-ready", frozen=True):
    """A layer that the zygote itself must enter does not hold; it exits."""

    layer: str
    message: str


class Spawn(msgspec.Struct, array_like=True, tag="spawn", frozen=True):
    """Fork a sandbox; its end of the control line comes with this packet."""

    number: int
    confinement: Confinement


class Spawned(msgspec.Struct, array_like=True, tag="spawned", frozen=True):
    """It lives; its pidfd comes with this packet.

    The pid is the zygote's view, which may be another pid namespace: use the pidfd.
    """

    number: int
    pid: int


class SpawnFailed(msgspec.Struct, array_like=True, tag="spawn-failed", frozen=True):
    """There is no process."""

    number: int
    message: str


class Exited(msgspec.Struct, array_like=True, tag="exited", frozen=True):
    """It has ended and is reaped. `wait_status` is as from `os.waitpid`."""

    number: int
    pid: int
    wait_status: int


ToZygote = Spawn
FromZygote = Ready | NotReady | Spawned | SpawnFailed | Exited
