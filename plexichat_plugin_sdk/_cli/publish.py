"""`plexichat-plugin publish`: packages into a catalogue that any static web server can serve."""

from __future__ import annotations

import tempfile
from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime
from pathlib import Path

from .failure import Failure
from .packing import SIGNATURE_FILE, Package, read_package, write_archive
from .repository import Repository
from .shelf import BLOCKS, INDEX, Shelf


def register(parser: ArgumentParser) -> None:
    """Add the verb's arguments."""
    parser.add_argument("folder", type=Path, help="the catalogue's folder, new or old")
    parser.add_argument("--keys", type=Path, required=True, help="folder of the catalogue's keys")
    parser.add_argument(
        "--packages", type=Path, nargs="+", default=[], metavar="PACKAGE", help="folders or zips"
    )
    parser.add_argument(
        "--block",
        action="append",
        default=[],
        metavar="RELEASE",
        help="tell servers to stop NAME==VERSION, NAME, or sha256:DIGEST",
    )
    parser.add_argument("--unblock", action="append", default=[], metavar="RELEASE")
    parser.add_argument("--reason", default="", help="why they are blocked; admins read it")
    parser.add_argument(
        "--renew", action="store_true", help="only say that the catalogue is still current"
    )
    parser.add_argument(
        "--former-root", type=Path, help="the former root key, when root.pem was exchanged"
    )


def run(options: Namespace, now: datetime | None = None) -> list[str]:
    """Publish; say what is new. Everything is read and checked before anything is written."""
    moment = now or datetime.now(UTC)
    repository = Repository(options.folder, options.keys, now=moment)
    if options.renew:
        repository.renew()
        return [f"{options.folder} is current until its timestamp ends"]
    shelf = Shelf.read(repository.contents(INDEX), repository.contents(BLOCKS))
    files: dict[str, bytes] = {}
    lines = []
    for source in options.packages:
        package = _read(source)
        target = f"packages/{package.name}/{package.name}-{package.version}.zip"
        is_new = shelf.add(package, target=target, now=moment)
        if is_new:
            files[target] = _archive(package)
        lines.append(_told(package, is_new))
    for which in options.block:
        shelf.block(which, options.reason)
    for which in options.unblock:
        shelf.unblock(which)
    was_there = repository.exists
    repository.publish({**files, **shelf.written()}, former_root=options.former_root)
    if not was_there:
        lines.append(f"admins who add the catalogue need {options.folder / 'root.json'}")
    return [*lines, f"{options.folder} can be served"]


def _read(source: Path) -> Package:
    try:
        return read_package(source)
    except Failure as failure:
        raise Failure(f"{source}: {failure}") from failure


def _told(package: Package, is_new: bool) -> str:
    if not is_new:
        return f"{package.name} {package.version} was there already"
    signed = "" if SIGNATURE_FILE in package.files else ", not signed by its publisher"
    return f"{package.name} {package.version} is added{signed}"


def _archive(package: Package) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, "package.zip")
        write_archive(package, target)
        return target.read_bytes()
