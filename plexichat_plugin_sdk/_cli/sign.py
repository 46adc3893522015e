"""`plexichat-plugin sign`: say as the publisher that these files are that release."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from . import keys
from .envelope import signature_of
from .failure import Failure
from .packing import SIGNATURE_FILE, read_package


def register(parser: ArgumentParser) -> None:
    """Add the verb's arguments."""
    parser.add_argument("folder", type=Path, help="the plugin's folder")
    parser.add_argument("--key", type=Path, required=True, help="your private key")


def run(options: Namespace) -> list[str]:
    """Write the signature file into the folder."""
    folder: Path = options.folder
    if not folder.is_dir():
        raise Failure(f"{folder} is no folder; sign the folder and pack it then")
    key = keys.read_key(options.key)
    package = read_package(folder)
    (folder / SIGNATURE_FILE).write_bytes(signature_of(package, key))
    key_id = keys.id_of(key.public_key())
    return [f"{package.name} {package.version} is signed with the key {key_id}"]
