"""Requirements as uv may read them: names and version ranges, never options, paths or addresses."""

from __future__ import annotations

from collections.abc import Iterable

from packaging.requirements import Requirement
from packaging.utils import InvalidWheelFilename, parse_wheel_filename


def lines_of(requirements: Iterable[str]) -> str:
    """The requirements as a file for uv; each comes from a checked manifest."""
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
