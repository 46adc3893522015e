"""`plexichat-plugin pack`: a folder as one file."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from .packing import SIGNATURE_FILE, read_package, write_archive


def register(parser: ArgumentParser) -> None:
    """Add the verb's arguments."""
    parser.add_argument("folder", type=Path, help="the plugin's folder")
    parser.add_argument(
        "-o", "--output", type=Path, help="the archive; NAME-VERSION.zip beside the folder if unset"
    )


def run(options: Namespace) -> list[str]:
    """Pack the folder; say what became of it."""
    package = read_package(options.folder)
    named = options.folder.resolve().parent / f"{package.name}-{package.version}.zip"
    target: Path = options.output or named
    write_archive(package, target)
    signed = "signed" if SIGNATURE_FILE in package.files else "not signed"
    return [f"{target}: {package.name} {package.version}, {len(package.files)} files, {signed}"]
