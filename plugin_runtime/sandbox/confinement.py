"""One sandbox's confinement: everything a child needs to know to lock itself in.

The host computes it (`plan`), the zygote passes it through, the child obeys it. It says nothing
about what the plugin is or does.
"""

from __future__ import annotations

import msgspec


class Confinement(msgspec.Struct, array_like=True, frozen=True, kw_only=True):
    """How one sandbox is locked in."""

    #: For the process title and the host name only.
    plugin: str
    #: Names from `layers.SELF_APPLIED`; each must hold or the sandbox refuses to start.
    layers: list[str]
    #: Folders and single files the plugin may read, at their own absolute paths.
    readable_folders: list[str]
    readable_files: list[str]
    #: The bundle of certificate authorities that TLS clients trust, one of the readable files;
    #: empty when the host has none.
    certificates: str
    #: The one folder the plugin may write.
    scratch_folder: str
    #: Its size where a private root makes it an own file system.
    scratch_bytes: int
    #: Own user and group; 0 keeps the host's.
    uid: int
    gid: int
    memory_bytes: int
    open_files: int
    threads: int
    #: Largest single file.
    file_bytes: int
    #: The system call filter, compiled (`confine.policy`).
    seccomp_program: bytes
