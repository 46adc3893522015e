"""A look at a package's Python files without running them."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

from plugins_registry.manifest import Manifest
from plugins_registry.package.destination import PackedFile
from plugins_registry.package.limits import SOURCE_BYTES


def source_problems(root: Path, files: Iterable[PackedFile]) -> Iterator[str]:
    """What keeps Python from reading a file, one sentence a file with its line."""
    for file in sorted(files, key=lambda file: file.path):
        if file.path.endswith(".py"):
            problem = _problem(root / file.path, file)
            if problem:
                yield f"{file.path}: {problem}"


def entry_problem(manifest: Manifest, files: Iterable[PackedFile]) -> str | None:
    """Why no module can hold the plugin's class; None when one can."""
    paths = {file.path for file in files}
    module = manifest.entry_point.partition(":")[0].replace(".", "/")
    modules = [module] if module else ["plugin", manifest.name]
    candidates = [path for name in modules for path in (f"{name}.py", f"{name}/__init__.py")]
    if paths.intersection(candidates):
        return None
    return f"there is no {' and no '.join(candidates)}; put the plugin's class into one of them"


def _problem(path: Path, file: PackedFile) -> str | None:
    if file.size_bytes > SOURCE_BYTES:
        return f"larger than {SOURCE_BYTES} bytes; split it"
    try:
        ast.parse(path.read_text(encoding="utf-8-sig"), filename=file.path)
    except UnicodeDecodeError:
        return "not UTF-8; save it as UTF-8"
    except SyntaxError as error:
        return f"not valid Python: {error.msg} (line {error.lineno})"
    except (ValueError, RecursionError, MemoryError):
        # NUL characters, or nesting that no person writes.
        return "not Python that can be read; look for NUL characters or endless nesting"
    return None
