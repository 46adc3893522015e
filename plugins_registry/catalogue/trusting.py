"""A catalogue's metadata, verified by TUF, and the files that it vouches for.

What was believed before is kept in a folder below the server's home, so that nobody can hand out
an older state again. The pinned root is where all trust begins.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tuf.api import exceptions
from tuf.api.metadata import Metadata, Root
from tuf.ngclient import Updater, UpdaterConfig

from plugins_registry.catalogue.fetching import Fetcher
from plugins_registry.catalogue.index import BLOCKS, BLOCKS_BYTES, INDEX, INDEX_BYTES
from plugins_registry.catalogue.reaching import Reach
from plugins_registry.conf import conf

ROOT_BYTES = 256 * 1024
_CONFIG = {
    "max_root_rotations": 32,
    #: Ours have none; a delegation would be a way to let others in.
    "max_delegations": 0,
    "root_max_length": ROOT_BYTES,
    "timestamp_max_length": 16 * 1024,
    "snapshot_max_length": 256 * 1024,
    "targets_max_length": 8 * 1024**2,
}
#: A package may take so many times as long as all the metadata.
_PACKAGE_PATIENCE = 10


class Distrust(Exception):
    """A catalogue is away, or says what cannot be believed; the text says which."""


class Verified:
    """A catalogue whose metadata has just been verified."""

    def __init__(self, updater: Updater, fetcher: Fetcher) -> None:
        self._updater, self._fetcher = updater, fetcher

    def index(self) -> bytes:
        """The index."""
        return self._read(INDEX, INDEX_BYTES)

    def blocks(self) -> bytes:
        """The block list."""
        return self._read(BLOCKS, BLOCKS_BYTES)

    def package(self, target: str, into: Path) -> None:
        """Write a package's archive into a file."""
        self._fetcher.extend(_PACKAGE_PATIENCE * conf.CATALOGUE_SECONDS)
        self._download(target, conf.PACKAGE_MAX_TOTAL_BYTES, into)

    def _read(self, target: str, most_bytes: int) -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            into = Path(folder, "target")
            self._download(target, most_bytes, into)
            return into.read_bytes()

    def _download(self, target: str, most_bytes: int, into: Path) -> None:
        with _distrusting():
            found = self._updater.get_targetinfo(target)
            if found is None:
                raise Distrust(f"it does not offer {target}")
            if found.length > most_bytes:
                raise Distrust(f"its {target} has {found.length} bytes; allowed are {most_bytes}")
            self._updater.download_target(found, str(into))


@contextlib.contextmanager
def verified(name: str, url: str, root: bytes, *, reach: Reach) -> Iterator[Verified]:
    """A catalogue, refreshed from its server; raises `Distrust` from here and from what it gives.

    One at a time per catalogue: others wait, for no longer than the deadlines allow.
    """
    base = url.rstrip("/")
    fetcher = Fetcher(reach, seconds=conf.CATALOGUE_SECONDS)
    with _kept(name) as folder:
        with _distrusting():
            updater = Updater(
                metadata_dir=str(folder),
                metadata_base_url=f"{base}/metadata/",
                target_base_url=f"{base}/targets/",
                fetcher=fetcher,
                config=UpdaterConfig(**_CONFIG),  # type: ignore[arg-type]  # whole numbers all
                bootstrap=root,
            )
            updater.refresh()
        yield Verified(updater, fetcher)


def check_root(raw: bytes) -> None:
    """Look whether a file is a root that can be trusted; raises `Distrust`."""
    if len(raw) > ROOT_BYTES:
        raise Distrust(f"the root is larger than {ROOT_BYTES} bytes")
    try:
        root = Metadata[Root].from_bytes(raw)
        if not isinstance(root.signed, Root):
            raise ValueError("it is another role's")
        root.signed.verify_delegate(Root.type, root.signed_bytes, root.signatures)
    except (exceptions.RepositoryError, ValueError) as error:
        raise Distrust(
            "the file is not the root.json of a catalogue, or is not signed by the keys in it; get "
            "it anew from the catalogue's publisher"
        ) from error


def forget(name: str) -> None:
    """Remove what was kept of a catalogue."""
    shutil.rmtree(_folder(name), ignore_errors=True)


@contextlib.contextmanager
def _kept(name: str) -> Iterator[Path]:
    folder = _folder(name)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield folder
    finally:
        os.close(descriptor)


def _folder(name: str) -> Path:
    return conf.HOME / "catalogues" / name


@contextlib.contextmanager
def _distrusting() -> Iterator[None]:
    """Turn what TUF found into a sentence."""
    try:
        yield
    except exceptions.ExpiredMetadataError as error:
        raise Distrust(
            "what it hands out has expired: it is not renewed any more, or somebody shows an old "
            "state of it"
        ) from error
    except exceptions.BadVersionNumberError as error:
        raise Distrust(
            f"it hands out another state than it should, perhaps older: {error}"
        ) from error
    except exceptions.UnsignedMetadataError as error:
        raise Distrust("its metadata is not signed with the keys that its root names") from error
    except exceptions.LengthOrHashMismatchError as error:
        raise Distrust("a file is not what its metadata says") from error
    except exceptions.DownloadLengthMismatchError as error:
        raise Distrust("its server sends more than it should") from error
    except exceptions.DownloadError as error:
        raise Distrust(f"it could not be reached: {error}") from error
    except exceptions.RepositoryError as error:
        raise Distrust(f"its metadata cannot be read: {str(error)[:200]}") from error
    except OSError as error:
        raise Distrust(f"what it said could not be kept: {error}") from error
