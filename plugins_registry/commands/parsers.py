"""Options that several verbs share, and the type of a verb."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable
from typing import Any

from plugins_registry.commands.terminal import Terminal

Verb = Callable[[Namespace, Terminal], None]
#: What `ArgumentParser.add_subparsers` returns.
Verbs = Any


def add_verb(
    verbs: Verbs, name: str, verb: Verb, *, with_name: bool = True, told: str = ""
) -> ArgumentParser:
    """One verb; its help is `told`, else its function's first docstring line."""
    help_text = told or (verb.__doc__ or "").strip().splitlines()[0]
    parser: ArgumentParser = verbs.add_parser(name, help=help_text, description=help_text)
    parser.set_defaults(run=verb)
    if with_name:
        parser.add_argument("name", help="the plugin's name")
    return parser


def add_json(parser: ArgumentParser) -> None:
    """`--json` on readers."""
    parser.add_argument("--json", action="store_true", help="write JSON for programs")


def add_wait(parser: ArgumentParser) -> None:
    """`--wait SECONDS` on wishes."""
    parser.add_argument(
        "--wait",
        type=_seconds,
        metavar="SECONDS",
        help="wait until it has come true; fail when it has not after so many seconds",
    )


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is not a number of seconds") from error
    if not 0 <= seconds <= 86_400:
        raise ArgumentTypeError(f"{text!r} is not between 0 and 86400 seconds")
    return seconds
