"""Requirements as uv may read them: names and version ranges, never options, paths or addresses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

#: What a requirement may consist of, once it was read and written again.
_PLAIN = re.compile(r"[A-Za-z0-9][\x20-\x7e]{0,399}")


def requirement_problems(requirements: Sequence[str]) -> list[str]:
    """What keeps the manifest's packages from being asked for, one sentence each."""
    return [problem for text in requirements if (problem := _problem(text))]


def lines_of(requirements: Iterable[str]) -> str:
    """The requirements as a file for uv; each must have passed `requirement_problems`."""
    return "".join(f"{Requirement(text)}\n" for text in requirements)


def pins_of(wheels: Iterable[str]) -> str:
    """Constraints that choose the bundled wheels, from their file names.

    A package that is bundled in several versions is not pinned: uv chooses among them.
    """
    versions: dict[str, set[str]] = {}
    for wheel in wheels:
        name, version, _, _ = parse_wheel_filename(wheel)
        versions.setdefault(name, set()).add(str(version))
    pins = {name: found.pop() for name, found in versions.items() if len(found) == 1}
    return "".join(f"{name}=={version}\n" for name, version in sorted(pins.items()))


def wheel_problem(name: str) -> str | None:
    """Why a bundled file is no wheel, by its name; None when it looks like one."""
    try:
        parse_wheel_filename(name)
    except InvalidWheelFilename:
        return (
            f"wheels/{name}: not the name of a wheel; bundle files like 'six-1.0-py3-none-any.whl'"
        )
    return None


def _problem(text: str) -> str | None:
    try:
        requirement = Requirement(text)
    except InvalidRequirement:
        return _refusal(text)
    if requirement.url or not _PLAIN.fullmatch(str(requirement)):
        return _refusal(text)
    return None


def _refusal(text: str) -> str:
    return (
        f"dependencies.packages: {text!r} is not a package and a version range; write it like "
        f"'numpy>=1.21'"
    )
