"""Stacks as text, as the plugin's author wants to read them.

Frames of the runner are left out where possible, and paths are relative to the plugin's root.
"""

from __future__ import annotations

import linecache
import os
import sys
import threading
import traceback
import types
from collections.abc import Iterator

EXCEPTION_CHARACTERS = 16 * 1024
STACKS_CHARACTERS = 32 * 1024

_SDK = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


class _Places:
    """The folders whose code counts as the plugin's; set once, before anything is loaded."""

    root = ""
    site_packages: tuple[str, ...] = ()


def set_places(root: str, site_packages: list[str]) -> None:
    """Name the plugin's folders: its own and those of its packages."""
    _Places.root = os.path.join(root, "")
    _Places.site_packages = tuple(os.path.join(folder, "") for folder in site_packages)


def exception_text(error: BaseException) -> str:
    """Return an exception's traceback from the first frame of the plugin on."""
    start = _first_of_plugin(error.__traceback__)
    linecache.checkcache()
    text = "".join(traceback.format_exception(type(error), error, start))
    return _readable(text)[-EXCEPTION_CHARACTERS:]


def all_threads() -> str:
    """Return what each thread that runs plugin code is doing, oldest frame first."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    parts = []
    for ident, frame in sys._current_frames().items():
        frames = list(_plugin_part(frame))
        if frames and ident != threading.get_ident():
            lines = traceback.StackSummary.extract(iter(frames)).format()
            parts.append(f"Thread {names.get(ident, ident)}:\n{''.join(lines)}")
    return _readable("\n".join(parts))[:STACKS_CHARACTERS]


def _plugin_part(frame: types.FrameType | None) -> Iterator[tuple[types.FrameType, int]]:
    """The frames from the plugin's first one on; none when the plugin is not on this stack."""
    stack = list(traceback.walk_stack(frame))[::-1]
    starts = (at for at, (each, _) in enumerate(stack) if _is_plugins(each.f_code.co_filename))
    first = next(starts, len(stack))
    return iter(stack[first:])


def _first_of_plugin(start: types.TracebackType | None) -> types.TracebackType | None:
    """The traceback from the plugin's first frame; without one, from the first outside the SDK."""
    at = start
    while at is not None and not _is_plugins(at.tb_frame.f_code.co_filename):
        at = at.tb_next
    if at is not None:
        return at
    at = start
    while at is not None and at.tb_frame.f_code.co_filename.startswith(_SDK):
        at = at.tb_next
    return at


def _is_plugins(filename: str) -> bool:
    return bool(_Places.root) and filename.startswith((_Places.root, *_Places.site_packages))


def _readable(text: str) -> str:
    for folder in _Places.site_packages:
        text = text.replace(folder, "site-packages" + os.sep)
    if _Places.root:
        text = text.replace(_Places.root, "")
    return text.encode("utf-8", "backslashreplace").decode()
