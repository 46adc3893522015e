"""The command line: one verb a file; a verb's libraries are needed only when it is called."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from typing import Protocol, cast

from .failure import Failure

#: Each verb with what it does; its module has its name.
VERBS = {
    "keygen": "make a key to sign with, or all keys of a catalogue",
    "sign": "sign a plugin's folder as its publisher",
    "verify": "look whether a package is what its publisher signed",
    "pack": "pack a plugin's folder into a zip archive",
    "publish": "write packages into a catalogue that any web server can serve",
}
_WRONG, _FAILED = 2, 1


class Verb(Protocol):
    """What a verb's module offers."""

    def register(self, parser: argparse.ArgumentParser) -> None:
        """Add the verb's arguments."""

    def run(self, options: argparse.Namespace) -> list[str]:
        """Do it; return the lines to write. Raises `Failure`."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; return the exit code: 0 when done, 1 when not, 2 when asked wrongly."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if not given or given[0] not in VERBS:
        _overview().parse_args(given)
        sys.stderr.write(_overview().format_help())
        return _WRONG
    name = given[0]
    try:
        verb = _load(name)
        lines = verb.run(_parser(name, verb).parse_args(given[1:]))
    except Failure as failure:
        sys.stderr.write(f"plexichat-plugin {name}: {failure}\n")
        return _FAILED
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        sys.stderr.write(f"plexichat-plugin {name}: {error.strerror or error}{where}\n")
        return _FAILED
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 0


def _load(name: str) -> Verb:
    try:
        return cast(Verb, importlib.import_module(f".{name}", __package__))
    except ModuleNotFoundError as error:
        library = (error.name or "").split(".")[0]
        if library == "plexichat_plugin_sdk":
            raise
        raise Failure(
            f"it needs the library {library!r}, which is not installed. Install what publishers "
            f"need: pip install 'plexichat-plugin-sdk[publish]'"
        ) from error


def _parser(name: str, verb: Verb) -> argparse.ArgumentParser:
    about = f"{VERBS[name][0].upper()}{VERBS[name][1:]}."
    parser = argparse.ArgumentParser(prog=f"plexichat-plugin {name}", description=about)
    verb.register(parser)
    return parser


def _overview() -> argparse.ArgumentParser:
    width = max(map(len, VERBS))
    listed = "\n".join(f"  {name.ljust(width)}  {about}" for name, about in VERBS.items())
    parser = argparse.ArgumentParser(
        prog="plexichat-plugin",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=f"verbs:\n{listed}\n\nplexichat-plugin VERB --help tells more.",
    )
    parser.add_argument("verb", metavar="VERB", choices=VERBS, nargs="?")
    return parser


if __name__ == "__main__":
    sys.exit(main())
