"""A signed catalogue on disk: TUF metadata and the files it vouches for.

`metadata/` has root, timestamp, snapshot and targets, `targets/` has the files under names that
begin with their hash (consistent snapshots): whoever reads while it is written sees the old state
or the new one. Everything is written before the timestamp, which is what readers begin with.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from securesystemslib.signer import CryptoSigner
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, MetaFile, Root, Snapshot, T, TargetFile, Timestamp
from tuf.api.metadata import Targets as TargetsRole

from . import keys
from .failure import Failure
from .keygen import ROLES

#: How long each role's word holds; a catalogue that is not renewed in time is refused.
DAYS = {"root": 365, "targets": 180, "snapshot": 180, "timestamp": 14}
#: The root is signed anew when it would end within so many days.
ROOT_RENEWAL_DAYS = 90


class Repository:
    """One catalogue's folder, its keys, and the moment at which it is written."""

    def __init__(self, folder: Path, key_folder: Path, *, now: datetime) -> None:
        self._metadata, self._targets = folder / "metadata", folder / "targets"
        self._folder, self._key_folder = folder, key_folder
        self._now = now.replace(microsecond=0)
        timestamp = self._read("timestamp.json")
        self._timestamp = timestamp.signed if timestamp is not None else None

    @property
    def exists(self) -> bool:
        """Whether anything was published here before."""
        return self._timestamp is not None

    def contents(self, path: str) -> bytes | None:
        """A target's contents; None when there is none of this name."""
        target = self._current_targets().get(path)
        if target is None:
            return None
        return (self._targets / _hashed(path, target)).read_bytes()

    def publish(self, files: Mapping[str, bytes], *, former_root: Path | None = None) -> None:
        """Add these targets, or put them in the place of those of the same path."""
        root = self._root(former_root)
        targets = {**self._current_targets()}
        for path, content in files.items():
            targets[path] = TargetFile.from_data(path, content, ["sha256"])
            _write(self._targets / _hashed(path, targets[path]), content)
        version = self._version("targets") + 1
        self._sign(TargetsRole(version, expires=self._until("targets"), targets=targets))
        snapshot = Snapshot(
            self._version("snapshot") + 1,
            expires=self._until("snapshot"),
            meta={"targets.json": MetaFile(version)},
        )
        self._sign(snapshot)
        self._write_root(root)
        self.renew(snapshot_version=snapshot.version)

    def renew(self, *, snapshot_version: int | None = None) -> None:
        """Say that the catalogue is still current; needs the timestamp's key only."""
        version = snapshot_version or self._version("snapshot")
        if not version:
            raise Failure(f"there is no catalogue in {self._folder} yet; publish a package")
        timestamp = Timestamp(
            self._version("timestamp") + 1,
            expires=self._until("timestamp"),
            snapshot_meta=MetaFile(version),
        )
        self._sign(timestamp)
        self._timestamp = timestamp

    def _root(self, former_root: Path | None) -> Metadata[Root] | None:
        """The next root, signed; None while the last one can stay."""
        last = self._last_root()
        if last is not None and not self._needs_new_root(last.signed):
            return None
        if last is not None and not (self._key_folder / "root.pem").exists():
            raise Failure(
                f"a key was exchanged or the root ends soon ({last.signed.expires:%Y-%m-%d}): put "
                f"root.pem into {self._key_folder} for this once"
            )
        version = last.signed.version + 1 if last is not None else 1
        root = Root(version, expires=self._until("root"), consistent_snapshot=True)
        for role in ROLES:
            root.add_key(self._signer(role).public_key, role)
        signed = Metadata(root)
        signed.sign(self._signer("root"))
        if former_root is not None:
            signed.sign(CryptoSigner(keys.read_key(former_root)), append=True)
        if last is not None:
            self._require_chain(last, signed)
        return signed

    def _require_chain(self, last: Metadata[Root], following: Metadata[Root]) -> None:
        try:
            last.signed.verify_delegate("root", following.signed_bytes, following.signatures)
        except RepositoryError as error:
            raise Failure(
                "servers would not follow a new root key that the former one did not sign; give "
                "the former with --former-root FILE"
            ) from error

    def _needs_new_root(self, root: Root) -> bool:
        if root.expires < self._now + timedelta(days=ROOT_RENEWAL_DAYS):
            return True
        present = [role for role in ROLES if (self._key_folder / f"{role}.pem").exists()]
        return any(
            self._signer(role).public_key.keyid not in root.roles[role].keyids for role in present
        )

    def _write_root(self, root: Metadata[Root] | None) -> None:
        if root is None:
            return
        raw = root.to_bytes()
        _write(self._metadata / f"{root.signed.version}.root.json", raw)
        _write(self._folder / "root.json", raw)

    def _last_root(self) -> Metadata[Root] | None:
        versions = [int(path.name.split(".")[0]) for path in self._metadata.glob("*.root.json")]
        return (
            Metadata[Root].from_bytes(self._raw(f"{max(versions)}.root.json")) if versions else None
        )

    def _current_targets(self) -> dict[str, TargetFile]:
        version = self._version("targets")
        if not version:
            return {}
        raw = self._raw(f"{version}.targets.json")
        return dict(Metadata[TargetsRole].from_bytes(raw).signed.targets)

    def _version(self, role: str) -> int:
        """The version of a role that the timestamp leads to; 0 before the first."""
        if self._timestamp is None:
            return 0
        if role == "timestamp":
            return self._timestamp.version
        snapshot = self._timestamp.snapshot_meta.version
        if role == "snapshot":
            return snapshot
        raw = self._raw(f"{snapshot}.snapshot.json")
        return Metadata[Snapshot].from_bytes(raw).signed.meta["targets.json"].version

    def _sign(self, signed: T) -> None:
        metadata = Metadata(signed)
        metadata.sign(self._signer(signed.type))
        name = f"{signed.type}.json"
        if signed.type != "timestamp":
            name = f"{signed.version}.{name}"
        _write(self._metadata / name, metadata.to_bytes())

    def _signer(self, role: str) -> CryptoSigner:
        return CryptoSigner(keys.read_key(self._key_folder / f"{role}.pem"))

    def _until(self, role: str) -> datetime:
        return self._now + timedelta(days=DAYS[role])

    def _read(self, name: str) -> Metadata[Timestamp] | None:
        if not (self._metadata / name).exists():
            return None
        return Metadata[Timestamp].from_bytes(self._raw(name))

    def _raw(self, name: str) -> bytes:
        return (self._metadata / name).read_bytes()


def _hashed(path: str, target: TargetFile) -> str:
    folder, slash, name = path.rpartition("/")
    return f"{folder}{slash}{target.hashes['sha256']}.{name}"


def _write(path: Path, content: bytes) -> None:
    """Write a file at once and whole, so that a web server never hands out half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.unfinished")
    unfinished.write_bytes(content)
    unfinished.chmod(0o644)
    os.replace(unfinished, path)
