"""uv's words as a sentence that says what to do. Pure."""

from __future__ import annotations

import platform
import re
from collections.abc import Callable

WORDS_CHARACTERS = 600
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+@")
_NETWORK = re.compile(
    r"failed to fetch|dns error|client error \(connect\)|connection (refused|reset)|timed out|"
    r"error sending request",
    re.IGNORECASE,
)
_DENIED = re.compile(r"\b(401|403)\b|unauthorized|forbidden", re.IGNORECASE)
_CHANGED = re.compile(r"hash mismatch for `?(?P<what>[^`\s]+)", re.IGNORECASE)
_NO_WHEEL = re.compile(
    r"(?P<what>[A-Za-z0-9][^\s`]*) (?:has|have) no (?:usable wheels|wheels with)|"
    r"wheels are required for `(?P<named>[^`]+)`"
)
_UNKNOWN = re.compile(r"(?P<what>[A-Za-z0-9][^\s`]*) was not found in the")
_NO_VERSION = re.compile(
    r"only (?P<there>[^\n]+?) (?:is|are) available and [^\n]*?require (?P<what>[^\s,]+)|"
    r"there (?:is|are) no versions? of (?P<none>[^\s,]+)"
)
_BUNDLED = re.compile(r"you require (?P<what>[^\s,]+) and (?P<there>[^\s,=]+==[^\s,]+), we can")
_FULL = re.compile(r"no space left|quota exceeded", re.IGNORECASE)


def is_network_trouble(words: str) -> bool:
    """Whether the index could not be reached, so that another try may help."""
    return _NETWORK.search(words) is not None and not _DENIED.search(words)


def explained(words: str) -> str:
    """Why a build failed, with uv's own words behind."""
    flat = " ".join(words.split())
    reason = next(
        (sentence(found) for pattern, sentence in _REASONS if (found := pattern.search(flat))),
        "its packages do not fit together or cannot be installed",
    )
    return f"dependencies.packages: {reason}. uv says: {_bounded(flat)}"


def _bounded(words: str) -> str:
    """uv's words without anybody's password, and not too many of them."""
    clean = _CREDENTIALS.sub("", words).removeprefix("error: ")
    return clean if len(clean) <= WORDS_CHARACTERS else clean[:WORDS_CHARACTERS] + "…"


def _changed(found: re.Match[str]) -> str:
    return (
        f"the file of {found['what']} is not the one whose SHA-256 was locked; somebody changed "
        f"it, do not install it before you know why"
    )


def _denied(_found: re.Match[str]) -> str:
    return "the package index refuses access; check the credentials that this server was given"


def _unreachable(_found: re.Match[str]) -> str:
    return (
        "the package index cannot be reached; try again later, set PLEXICHAT_PACKAGE_INDEX, or "
        "use a release that bundles its wheels"
    )


def _full(_found: re.Match[str]) -> str:
    return "the disk is full; make room below the server's home and try again"


def _no_wheel(found: re.Match[str]) -> str:
    return (
        f"there is no wheel of {found['what'] or found['named']} for Python "
        f"{platform.python_version()} on this machine, and nothing is built from source here; use "
        f"another version of it, or bundle a wheel"
    )


def _unknown(found: re.Match[str]) -> str:
    return f"no package {found['what']!r} is there to install; check its name, or bundle its wheel"


def _bundled(found: re.Match[str]) -> str:
    return (
        f"it needs {found['what']}, and its bundled wheel is {found['there']}; bundle a newer one"
    )


def _no_version(found: re.Match[str]) -> str:
    if found["none"]:
        return f"there is no {found['none']}; choose a version that exists"
    return f"there is no {found['what']}, only {found['there']}; choose a version that exists"


_REASONS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    (_CHANGED, _changed),
    (_FULL, _full),
    (_DENIED, _denied),
    (_NETWORK, _unreachable),
    (_NO_WHEEL, _no_wheel),
    (_UNKNOWN, _unknown),
    (_NO_VERSION, _no_version),
    (_BUNDLED, _bundled),
)
