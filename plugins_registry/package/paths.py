"""Paths inside a package: which ones are acceptable on every system. Pure."""

from __future__ import annotations

import unicodedata

from plugins_registry.package.limits import DEPTH, PATH_CHARACTERS
from plugins_registry.package.problems import PackageProblem

#: Left behind by tools, never part of a release.
IGNORED_NAMES = frozenset(
    {
        ".DS_Store",
        ".git",
        ".hg",
        ".mypy_cache",
        ".pytest_cache",
        ".ruff_cache",
        ".svn",
        "__MACOSX",
        "__pycache__",
    }
)
IGNORED_SUFFIXES = (".pyc", ".pyo")
#: A colon is a drive or a stream on Windows, a backslash a separator.
_FORBIDDEN = frozenset('\\:*?"<>|')


def is_ignored(name: str) -> bool:
    """Whether a file or folder of this name is left out without a word."""
    return name in IGNORED_NAMES or name.endswith(IGNORED_SUFFIXES)


def check_path(path: str) -> str:
    """The path, when it is relative, plain and short. Raises `PackageProblem`."""
    parts = path.split("/")
    if len(path) > PATH_CHARACTERS or len(parts) > DEPTH:
        raise PackageProblem(
            f"the path {path[:60]!r}… is longer than {PATH_CHARACTERS} characters or deeper than "
            f"{DEPTH} folders; shorten it"
        )
    for part in parts:
        if problem := _part_problem(part):
            raise PackageProblem(f"the path {path!r} {problem}; rename it")
    return path


class PathRegister:
    """All paths seen so far; refuses a second one that some system could not tell apart."""

    def __init__(self) -> None:
        self._seen: dict[str, str] = {}
        self._files: set[str] = set()
        self._folders: set[str] = set()

    def add_file(self, path: str) -> None:
        """One more file, with the folders it implies."""
        parts = path.split("/")
        for length in range(1, len(parts)):
            self._add("/".join(parts[:length]), is_file=False)
        self._add(path, is_file=True)

    def _add(self, path: str, *, is_file: bool) -> None:
        key = unicodedata.normalize("NFC", path).casefold()
        earlier = self._seen.setdefault(key, path)
        if earlier != path:
            raise PackageProblem(
                f"{earlier!r} and {path!r} differ only in case or accents; rename one"
            )
        if key in self._files or (is_file and key in self._folders):
            raise PackageProblem(f"the path {path!r} is there twice; remove one")
        (self._files if is_file else self._folders).add(key)


def _part_problem(part: str) -> str | None:
    if part in ("", ".", ".."):
        return "is not a plain relative path"
    if part != part.strip() or part.endswith("."):
        return "has a name that begins or ends with a space or dot"
    if _FORBIDDEN.intersection(part):
        return 'has one of the characters \\ : * ? " < > |'
    if any(unicodedata.category(character).startswith("C") for character in part):
        return "has an invisible character"
    if part != unicodedata.normalize("NFC", part):
        return "is not in Unicode's composed form (NFC)"
    return None
