"""The plan for one sandbox: from what holds on this machine to a `Confinement`.

Host side only; nothing here runs in the zygote or a sandbox.
"""

from __future__ import annotations

import os
import sysconfig
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

import plexichat_plugin_sdk

from . import layers as layer
from .confine.policy import compile_program
from .confinement import Confinement

MIB: Final = 1024 * 1024

#: Own uids start here: above the ranges that systemd and container managers give out, below 2**31.
UID_FIRST: Final = 0x7000_0000
UID_COUNT: Final = 0x0800_0000
_UIDS_PER_SUPERVISOR: Final = 1024

#: Shared libraries that extension modules load late, and time zones; only those that exist are
#: handed in. Deliberately nothing else of the system: no /etc, no /home, no /usr/bin.
_SYSTEM_FOLDERS: Final = (
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/usr/share/zoneinfo",
)
#: Single files: the loader's cache, the local time, and the plugin's own memory map, which
#: scikit-learn's thread control reads.
_SYSTEM_FILES: Final = ("/etc/ld.so.cache", "/etc/localtime", "/proc/self/maps")
#: Bundles of certificate authorities: of Debian, Alpine and Arch; of Fedora and its kin; of SUSE;
#: of others. Single files, because a folder beside them may hold keys.
_BUNDLES: Final = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What the supervisor decides for one plugin's sandbox."""

    scratch: Path
    #: From `own_uid`; used only where the layer `own_uid` holds.
    uid: int
    memory_bytes: int
    scratch_bytes: int = 64 * MIB
    open_files: int = 256
    threads: int = 64


def own_uid(number: int) -> int:
    """Return the uid of a supervisor's n-th spawn; never the same for two that live together."""
    return UID_FIRST + (os.getpid() * _UIDS_PER_SUPERVISOR + number) % UID_COUNT


def confinement_for(
    plugin: str, *, layers: Collection[str], folders: Iterable[Path], terms: Terms
) -> Confinement:
    """Return the confinement of a plugin: the probed layers, its folders, and its terms.

    `folders` are the plugin's own (release, site-packages); the interpreter, the SDK and the
    codec are added. Layers that the supervisor applies from outside are left out.
    """
    held = [name for name in layer.SELF_APPLIED if name in layers]
    uid = terms.uid if layer.OWN_UID in held else 0
    bundle = certificates()
    return Confinement(
        plugin=plugin,
        layers=held,
        readable_folders=[*host_folders(), *(str(folder) for folder in folders)],
        readable_files=[path for path in (*_SYSTEM_FILES, bundle) if os.path.exists(path)],
        certificates=bundle,
        scratch_folder=str(terms.scratch),
        scratch_bytes=terms.scratch_bytes,
        uid=uid,
        gid=uid,
        memory_bytes=terms.memory_bytes,
        open_files=terms.open_files,
        threads=terms.threads,
        file_bytes=terms.scratch_bytes,
        seccomp_program=compile_program(
            owns_its_files=layer.OWN_UID in held or layer.MOUNT_NAMESPACE in held
        ),
    )


def host_folders() -> list[str]:
    """Return what every sandbox reads: standard library, shared libraries, SDK and codec.

    The SDK and the codec are handed in as single packages, so that neither PlexiChat's own code
    nor the rest of its environment can be read.
    """
    candidates = [
        sysconfig.get_path("stdlib"),
        sysconfig.get_path("platstdlib"),
        *(_folder_of(module.__file__) for module in (plexichat_plugin_sdk, msgspec)),
        *_SYSTEM_FOLDERS,
    ]
    return [path for path in dict.fromkeys(candidates) if os.path.isdir(path)]


def certificates() -> str:
    """Return the bundle of authorities that plugins trust: what PlexiChat itself was told to
    (`SSL_CERT_FILE`), else the system's; empty when there is none.
    """
    told = os.environ.get("SSL_CERT_FILE", "")
    candidates = (os.path.abspath(told), *_BUNDLES) if told else _BUNDLES
    return next((path for path in candidates if os.path.isfile(path)), "")


def _folder_of(module_file: str | None) -> str:
    if module_file is None:
        raise RuntimeError("the SDK and msgspec must be ordinary packages in a folder")
    return os.path.dirname(os.path.abspath(module_file))
