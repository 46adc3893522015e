"""`plexichat-plugin verify`: whether a package is what its publisher signed."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from . import keys
from .envelope import is_signed_by, signer_of
from .failure import Failure
from .packing import read_package


def register(parser: ArgumentParser) -> None:
    """Add the verb's arguments."""
    parser.add_argument("package", type=Path, help="a plugin's folder or zip archive")
    parser.add_argument("--key", required=True, help="the publisher's public key, in base64")


def run(options: Namespace) -> list[str]:
    """Say who has signed what, or fail."""
    key = keys.read_public(options.key)
    package = read_package(options.package)
    claimed = signer_of(package)
    if not is_signed_by(package, key):
        raise Failure(f"it was not signed with this key; it names the key {claimed}")
    return [f"{package.name} {package.version} is what {keys.id_of(key)} has signed"]
