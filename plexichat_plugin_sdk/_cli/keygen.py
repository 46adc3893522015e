"""`plexichat-plugin keygen`: keys to sign with."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from . import keys

#: The roles of a catalogue's metadata; each has a key of its own.
ROLES = ("root", "targets", "snapshot", "timestamp")


def register(parser: ArgumentParser) -> None:
    """Add the verb's arguments."""
    parser.add_argument("path", type=Path, help="the new key's file; a folder with --catalogue")
    parser.add_argument(
        "--catalogue",
        action="store_true",
        help=f"make the keys of a catalogue instead: {', '.join(f'{each}.pem' for each in ROLES)}",
    )


def run(options: Namespace) -> list[str]:
    """Make keys; say what to do with them."""
    path: Path = options.path
    if options.catalogue:
        for role in ROLES:
            keys.create_key(path / f"{role}.pem")
        return [
            f"the keys of a catalogue are in {path}",
            "keep root.pem offline: it is needed for the first publish, and to exchange a key",
        ]
    public = keys.create_key(path).public_key()
    return [
        f"the private key is in {path}; whoever has it can sign in your name",
        f"key id:     {keys.id_of(public)}",
        f"public key: {keys.written(public)}",
    ]
