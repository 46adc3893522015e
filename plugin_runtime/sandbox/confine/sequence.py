"""The sequence: every layer of a confinement, in the one order that works.

Namespaces need rights, so they come before the rights are dropped; changing the user clears the
parent-death signal, so that comes after; Landlock and filters need `no_new_privs`; the filter
forbids all of this, so it comes last.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from plugin_runtime.sandbox import layers as layer
from plugin_runtime.sandbox.confinement import Confinement

from . import identity, landlock, namespaces, rlimits, root, seccomp
from .syscalls import UnknownArchitecture

_HOST_NAME_BYTES: Final = 64
#: Where OpenSSL (with `ssl` and httpx) and requests look for the authorities to trust.
_CERTIFICATES: Final = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
#: How many threads libraries of numbers start by themselves: each would reserve memory for every
#: processor of the machine, of which the plugin has a share only.
_OWN_THREADS: Final = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


class LayerFailed(RuntimeError):
    """A layer that was promised could not be applied; the process must not go on.

    `layer` is its name; the message says what the kernel answered.
    """

    def __init__(self, layer: str, message: str) -> None:
        super().__init__(message)
        self.layer = layer


def apply(confinement: Confinement, *, parent: int) -> list[str]:
    """Lock this process in and return the layers that hold, or raise `LayerFailed`.

    `parent` is the parent's pid as this process sees it (0 for one outside its pid namespace).
    The pid namespace is the zygote's doing and only looked at here. A caller that gets an
    exception is half locked in and can only exit.
    """
    for name, step in _STEPS.items():
        if name == layer.NO_NEW_PRIVS:
            _give_up_rights(parent)
        if name == layer.SECCOMP:
            _settle_in(confinement)
        if name in confinement.layers:
            with _as_failure_of(name):
                step(confinement)
    return list(confinement.layers)


def _enter_uts_namespace(confinement: Confinement) -> None:
    namespaces.enter(layer.UTS_NAMESPACE)
    socket.sethostname(confinement.plugin[:_HOST_NAME_BYTES])


def _see_pid_namespace(_: Confinement) -> None:
    if os.getpid() != 1:
        raise OSError("this is not the first process of an own pid namespace")


def _move_to_private_root(confinement: Confinement) -> None:
    namespaces.enter(layer.MOUNT_NAMESPACE)
    root.build(
        readable=(*confinement.readable_folders, *confinement.readable_files),
        scratch_folder=confinement.scratch_folder,
        scratch_bytes=confinement.scratch_bytes,
        owner=confinement.uid,
    )


def _limit(confinement: Confinement) -> None:
    alone = {layer.OWN_UID, layer.USER_NAMESPACE} & set(confinement.layers)
    rlimits.apply(confinement, counts_threads=bool(alone))


def _become_own_user(confinement: Confinement) -> None:
    if confinement.uid == 0 or confinement.gid == 0:
        raise OSError("no own uid was given")
    if layer.MOUNT_NAMESPACE not in confinement.layers:
        _hand_over(confinement.scratch_folder, confinement.uid, confinement.gid)
    identity.become(confinement.uid, confinement.gid)
    _see_what_is_needed(confinement)


def _see_what_is_needed(confinement: Confinement) -> None:
    """Make sure that the own user gets through to its folders.

    A Python or a PlexiChat in somebody's closed home folder lets nobody through; only a private
    root gets around that.
    """
    for folder in (*confinement.readable_folders, confinement.scratch_folder):
        os.listdir(folder)


def _hand_over(folder: str, uid: int, gid: int) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        os.fchown(descriptor, uid, gid)
    finally:
        os.close(descriptor)


def _give_up_rights(parent: int) -> None:
    """Drop what root and namespaces gave; done in every sandbox, whatever its layers."""
    with _as_failure_of(layer.NO_NEW_PRIVS):
        identity.drop_capabilities()
        identity.die_with_parent(parent)


def _fence(confinement: Confinement) -> None:
    landlock.apply(
        readable=(*confinement.readable_folders, *confinement.readable_files, *root.DEVICES),
        writable_files=root.DEVICES[:1],
        scratch_folder=confinement.scratch_folder,
    )


def _settle_in(confinement: Confinement) -> None:
    """Make the scratch folder the working, home and temporary folder; say whom TLS trusts."""
    with _as_failure_of("scratch"):
        os.chdir(confinement.scratch_folder)
    for variable in ("HOME", "TMPDIR"):
        os.environ[variable] = confinement.scratch_folder
    for variable in _OWN_THREADS:
        os.environ[variable] = "1"
    if confinement.certificates:
        for variable in _CERTIFICATES:
            os.environ[variable] = confinement.certificates


#: In the order of `layers.SELF_APPLIED`.
_STEPS: Final[dict[str, Callable[[Confinement], None]]] = {
    layer.USER_NAMESPACE: lambda _: namespaces.enter_user_namespace(),
    layer.PID_NAMESPACE: _see_pid_namespace,
    layer.NETWORK_NAMESPACE: lambda _: namespaces.enter(layer.NETWORK_NAMESPACE),
    layer.IPC_NAMESPACE: lambda _: namespaces.enter(layer.IPC_NAMESPACE),
    layer.UTS_NAMESPACE: _enter_uts_namespace,
    layer.MOUNT_NAMESPACE: _move_to_private_root,
    layer.RLIMITS: _limit,
    layer.OWN_UID: _become_own_user,
    layer.NO_NEW_PRIVS: lambda _: identity.deny_new_privileges(),
    layer.LANDLOCK: _fence,
    layer.SECCOMP: lambda confinement: seccomp.apply(confinement.seccomp_program),
}


@contextmanager
def _as_failure_of(name: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, UnknownArchitecture) as error:
        raise LayerFailed(name, f"{name} could not be applied: {error}") from error
