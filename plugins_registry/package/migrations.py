"""The SQL migrations in a package: `migrations/NNNN_name.sql`, each with its `.down.sql`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

FOLDER = "migrations"
_NAME = re.compile(r"(\d{4})_([a-z0-9][a-z0-9_]{0,59})(\.down)?\.sql")
_HOW = "write it like 'migrations/0001_first_tables.sql'"
MOST_BYTES = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Migration:
    """One step of a plugin's tables."""

    #: Counted from 1, without gaps.
    number: int
    #: What stands behind the number in the file's name.
    name: str
    #: The SQL forward, and backward; the latter may be empty.
    up: str
    down: str

    @property
    def file(self) -> str:
        """The name of the file with the SQL forward."""
        return f"{FOLDER}/{self.number:04}_{self.name}.sql"


def read_migrations(root: Path) -> list[Migration]:
    """Return a checked package's migrations in order."""
    found = [
        Migration(
            number=int(match.group(1)),
            name=match.group(2),
            up=path.read_text(encoding="utf-8-sig"),
            down=_text(path.with_suffix(".down.sql")),
        )
        for path in sorted((root / FOLDER).glob("*.sql"))
        if (match := _NAME.fullmatch(path.name)) and not match.group(3)
    ]
    return sorted(found, key=lambda migration: migration.number)


def migration_findings(root: Path, paths: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return the problems and the warnings of a package's migrations, all at once."""
    inside = [Path(path) for path in paths if path.startswith(f"{FOLDER}/")]
    files = [path for path in inside if path.suffix == ".sql"]
    named = {path: _NAME.fullmatch(path.name) for path in files}
    problems = [
        f"{path}: the name of a migration is not understood; {_HOW}"
        for path, match in named.items()
        if match is None or len(path.parts) > 2
    ]
    numbers = [int(match.group(1)) for match in named.values() if match and not match.group(3)]
    problems += _numbering(numbers)
    problems += [problem for path in files if (problem := _content_problem(root / path, path))]
    downs = {path.name for path, match in named.items() if match and match.group(3)}
    ups = {path.name for path, match in named.items() if _is_up(match)}
    problems += [
        f"{FOLDER}/{name}: there is no migration forward that it would undo"
        for name in sorted(downs)
        if name.replace(".down.sql", ".sql") not in ups
    ]
    warnings = [
        f"{FOLDER}/{name}: there is no {name.replace('.sql', '.down.sql')}, so it cannot be undone"
        for name in sorted(ups)
        if name.replace(".sql", ".down.sql") not in downs
    ]
    return problems, warnings


def _is_up(match: re.Match[str] | None) -> bool:
    return match is not None and not match.group(3)


def _numbering(numbers: list[int]) -> list[str]:
    problems = [
        f"{FOLDER}/: the number {number:04} is there {count} times; each migration has its own"
        for number, count in sorted(Counter(numbers).items())
        if count > 1
    ]
    missing = sorted(set(range(1, max(numbers, default=0) + 1)) - set(numbers))
    if missing:
        told = ", ".join(f"{number:04}" for number in missing[:10])
        problems.append(f"{FOLDER}/: {told} is missing; they count from 0001 without gaps")
    if 0 in numbers:
        problems.append(f"{FOLDER}/: 0000 is no number; they count from 0001")
    return problems


def _content_problem(path: Path, shown: Path) -> str:
    if path.stat().st_size > MOST_BYTES:
        return f"{shown}: a migration may have {MOST_BYTES} bytes"
    try:
        path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        return f"{shown} is not UTF-8; save it as UTF-8"
    return ""


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8-sig") if path.is_file() else ""
