"""Landlock: the kernel's own fence around files, for processes without any rights.

Everything that the running kernel's Landlock can control is forbidden, then the readable paths and
the scratch folder are let in again. Older versions control less; the system call filter covers
what they leave (truncating, sockets).
"""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Iterable
from typing import Final

from .libc import system_call

_CREATE_RULESET_VERSION: Final = 1
_RULE_PATH_BENEATH: Final = 1

_WRITE_FILE: Final = 1 << 1
_READ_FILE: Final = 1 << 2
_READ_DIR: Final = 1 << 3
_TRUNCATE: Final = 1 << 14
#: Read, write, list, remove and make files, folders and links, move between folders, truncate.
#: Not: execute, devices, sockets, fifos, ioctl on devices.
_SCRATCH_RIGHTS: Final = (
    _WRITE_FILE
    | _READ_FILE
    | _READ_DIR
    | 1 << 4  # remove folders
    | 1 << 5  # remove files
    | 1 << 7  # make folders
    | 1 << 8  # make files
    | 1 << 12  # make symbolic links
    | 1 << 13  # move between folders
    | _TRUNCATE
)
_FILE_RIGHTS: Final = _WRITE_FILE | _READ_FILE | _TRUNCATE
#: How many file rights each version of Landlock knows; each has all those before.
_RIGHTS_BY_VERSION: Final = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
#: From version 4: bind and connect TCP. From version 6: abstract sockets and signals stay inside.
_NETWORK_RIGHTS: Final = 0b11
_SCOPES: Final = 0b11


def version() -> int:
    """Return the kernel's Landlock version; raise `OSError` where there is none."""
    return system_call("landlock_create_ruleset", None, 0, _CREATE_RULESET_VERSION)


def apply(*, readable: Iterable[str], writable_files: Iterable[str], scratch_folder: str) -> None:
    """Fence this process in for ever; `no_new_privs` must be set.

    Paths that do not exist are left out: what is not there needs no way in.
    """
    handled = _handled_rights(version())
    ruleset = _create_ruleset(handled)
    try:
        for path in readable:
            _allow(ruleset, path, (_READ_FILE | _READ_DIR) & handled)
        for path in writable_files:
            _allow(ruleset, path, _FILE_RIGHTS & handled)
        _allow(ruleset, scratch_folder, _SCRATCH_RIGHTS & handled)
        system_call("landlock_restrict_self", ruleset, 0)
    finally:
        os.close(ruleset)


def _handled_rights(known_version: int) -> int:
    count = _RIGHTS_BY_VERSION.get(known_version, max(_RIGHTS_BY_VERSION.values()))
    return (1 << count) - 1


def _create_ruleset(handled: int) -> int:
    known_version = version()
    attributes = struct.pack("=Q", handled)
    if known_version >= 4:
        attributes += struct.pack("=Q", _NETWORK_RIGHTS)
    if known_version >= 6:
        attributes += struct.pack("=Q", _SCOPES)
    return system_call("landlock_create_ruleset", attributes, len(attributes), 0)


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            rights &= _FILE_RIGHTS  # the kernel refuses rights on folders for a file
        rule = struct.pack("=Qi", rights, descriptor)
        system_call("landlock_add_rule", ruleset, _RULE_PATH_BENEATH, rule, 0)
    finally:
        os.close(descriptor)
