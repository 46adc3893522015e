"""The probe: which layers of confinement really hold on this machine.

It starts a zygote, locks a canary in with everything that might work, and lets it try to get out.
What cannot be applied or does not keep the canary in is left out and the rest is tried again.
Kernel versions are never asked: containers and distributions switch off what versions promise.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from plexichat_plugin_sdk._wire import control, framing

from . import layers as layer
from .limits.cgroup import CgroupFactory
from .plan import MIB, Terms, confinement_for, own_uid
from .scratch import fresh_scratch
from .zygote.client import Zygote, ZygoteFailed, pid_of, receive_record, send_spawn, start_zygote
from .zygote.protocol import Spawn, Spawned

_CANARY: Final = "plugin_runtime.sandbox.canary"
_TIMEOUT_SECONDS: Final = 10.0
_NAMESPACES: Final = frozenset(name for name in layer.SELF_APPLIED if name.endswith("_namespace"))
#: An honest plugin cannot live inside: leave these out, one after the other, until it can.
_SUSPECTS: Final = (layer.OWN_UID, layer.MOUNT_NAMESPACE, layer.LANDLOCK, layer.SECCOMP)
_TRIAL_MEMORY_BYTES: Final = 256 * MIB


@dataclass(frozen=True)
class Probe:
    """What was found."""

    #: All layers that hold, those that the supervisor applies included.
    layers: tuple[str, ...]
    #: A sentence for each layer that does not hold.
    notes: tuple[str, ...]
    #: Makes control groups, where these may be made.
    cgroups: CgroupFactory | None = None

    @property
    def level(self) -> layer.Level:
        """What the layers add up to."""
        return layer.level(self.layers)


@dataclass(frozen=True)
class _Finding:
    """One round's result: the layers to leave out next time, and why; no layers: it holds."""

    culprits: frozenset[str]
    note: str = ""


def probe(home: Path | None = None) -> Probe:
    """Find out what holds; blocks for some 0.2 s where all does, longer where layers fail.

    `home` is where releases and scratch folders will lie, so that rights on the way there count
    too; without it a temporary folder stands in. Never raises for a machine that cannot confine:
    such a one has no layers, and notes say why.
    """
    if sys.platform != "linux":
        return Probe((), (f"sandboxes need Linux; this is {sys.platform}",))
    cgroups = CgroupFactory.probe()
    candidates = _candidates()
    notes: list[str] = []
    while candidates:
        finding = _try_twice(candidates, cgroups, home)
        if not finding.culprits:
            break
        notes.append(finding.note)
        candidates = [name for name in candidates if name not in finding.culprits]
    supervised = _supervised(candidates, cgroups) if candidates else []
    return Probe((*candidates, *supervised), tuple(notes), cgroups)


def _candidates() -> list[str]:
    """Root has no need of a user namespace; others have no other user to become."""
    unneeded = layer.USER_NAMESPACE if os.geteuid() == 0 else layer.OWN_UID
    return [name for name in layer.SELF_APPLIED if name != unneeded]


def _supervised(held: Sequence[str], cgroups: CgroupFactory | None) -> list[str]:
    by_groups = cgroups.layers if cgroups else frozenset()
    chosen = {layer.MEMORY_WATCH, *by_groups}
    if layer.CGROUP_CPU not in by_groups:
        chosen.add(layer.CPU_WATCH)
    if layer.MOUNT_NAMESPACE not in held:
        chosen.add(layer.DISK_WATCH)
    return [name for name in layer.SUPERVISED if name in chosen]


def _try_twice(layers: Sequence[str], cgroups: CgroupFactory | None, home: Path | None) -> _Finding:
    """Look again before blaming the machine: somebody may have killed the canary or its zygote."""
    finding = _try(layers, cgroups, home)
    return _try(layers, cgroups, home) if finding.culprits else finding


def _try(layers: Sequence[str], cgroups: CgroupFactory | None, home: Path | None) -> _Finding:
    try:
        zygote = start_zygote(layers=layers, runner=_CANARY)
    except ZygoteFailed as error:
        if error.layer:
            # Without rights over its own namespaces a zygote has none over the others.
            return _Finding(_NAMESPACES, str(error))
        return _Finding(frozenset(layers), f"the zygote does not start: {error}")
    try:
        with tempfile.TemporaryDirectory(prefix=".probe-", dir=home) as folder:
            os.chmod(folder, 0o711)  # an own user must get through to its scratch folder
            return _lock_in_a_canary(zygote, layers, Path(folder), cgroups)
    except ZygoteFailed as error:
        return _Finding(frozenset(layers), f"the zygote starts nothing: {error}")
    finally:
        zygote.stop()


def _lock_in_a_canary(
    zygote: Zygote, layers: Sequence[str], folder: Path, cgroups: CgroupFactory | None
) -> _Finding:
    secret, scratch, release = (folder / name for name in ("secret", "scratch", "release"))
    secret.write_text("not for canaries")
    release.mkdir()
    fresh_scratch(scratch)
    terms = Terms(scratch=scratch, uid=own_uid(0), memory_bytes=_TRIAL_MEMORY_BYTES)
    confinement = confinement_for("canary", layers=layers, folders=[release], terms=terms)
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            send_spawn(zygote.connection, Spawn(1, confinement), theirs)
        child = _await_spawned(zygote.connection)
        facts = {
            "layers": list(layers),
            "secret": str(secret),
            "pid": os.getpid(),
            "child": child,
            "uid": confinement.uid,
            "plugin": confinement.plugin,
            "open_files": confinement.open_files,
            "memory_bytes": confinement.memory_bytes,
        }
        return _listen(ours, facts, cgroups)


def _await_spawned(connection: socket.socket) -> int:
    connection.settimeout(_TIMEOUT_SECONDS)
    record, descriptor = receive_record(connection)
    if not isinstance(record, Spawned):
        raise ZygoteFailed(f"expected Spawned, the zygote says {record!r}")
    try:
        return pid_of(descriptor)
    finally:
        os.close(descriptor)


def _listen(line: socket.socket, facts: dict[str, Any], cgroups: CgroupFactory | None) -> _Finding:
    framing.set_deadline(line, _TIMEOUT_SECONDS)
    framed: framing.Framed[control.ToSupervisor] = framing.Framed(line, control.ToSupervisor)
    try:
        first = framed.receive()
        if isinstance(first, control.NotConfined):
            return _Finding(_with_dependants(first.layer), first.message)
        if cgroups is not None:
            cgroups.prove_with(facts["child"])  # it waits for its facts, so it is alive
        line.sendall(json.dumps(facts).encode() + b"\n")
        answer = json.loads(line.makefile("rb").readline())
    except (OSError, ValueError) as error:
        return _suspect(facts["layers"], f"the canary fell silent: {error}")
    if answer["broken"]:
        return _suspect(facts["layers"], f"an honest plugin could not run: {answer['broken']}")
    escapes: dict[str, str] = answer["escapes"]
    note = "; ".join(f"{name} does not hold: {what}" for name, what in escapes.items())
    return _Finding(frozenset(escapes), note)


def _with_dependants(name: str) -> frozenset[str]:
    return _NAMESPACES if name == layer.USER_NAMESPACE else frozenset({name})


def _suspect(layers: Sequence[str], note: str) -> _Finding:
    for name in _SUSPECTS:
        if name in layers:
            return _Finding(frozenset({name}), f"without {name}: {note}")
    return _Finding(frozenset(layers), note)
