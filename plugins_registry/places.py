"""The place of a value inside mappings and lists, and how people read it. Pure."""

from __future__ import annotations

from collections.abc import Sequence

#: The way to a value: keys and list positions, from the outside in.
Path = tuple[str | int, ...]


def written_path(path: Sequence[str | int]) -> str:
    """`("hooks", 3)` as `hooks[3]`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text
