"""The layout keeps its promises: arrows, no cycles, small files and functions, docstrings."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
#: Package → what it may not import. `plexichat` itself is the shell, all but `plexichat.chat`.
FORBIDDEN = {
    "plexichat.chat": {"plexichat", "plugins_registry", "plugin_runtime", "plexichat_plugin_sdk"},
    "plugins_registry": {"plexichat", "plexichat.chat", "plugin_runtime", "plexichat_plugin_sdk"},
    "plexichat_plugin_sdk": {"plexichat", "plexichat.chat", "plugins_registry", "plugin_runtime"},
    "plugin_runtime": {"plexichat"},
}
#: Libraries a package does without: the sandbox has no Django.
FORBIDDEN_LIBRARIES = {"plexichat_plugin_sdk": {"django", "rest_framework", "channels", "celery"}}
PACKAGES = ("plexichat", "plugins_registry", "plugin_runtime", "plexichat_plugin_sdk")
#: The doors: what of a package its neighbours may import.
DOORS = {
    "plugins_registry": {
        *(
            "addresses",
            "belongings",
            "services",
            "queries",
            "manifest",
            "signals",
            "exceptions",
            "states",
            "waiting",
        ),
        *("crypto", "keys"),
        "capabilities",
        "review",
    },
}
FILE_CEILING = 350
TEST_FILE_CEILING = 450
FUNCTION_CEILING = 45


def package_of(module: str) -> str:
    """Return which of our packages a module belongs to; '' for somebody else's."""
    if module == "plexichat.chat" or module.startswith("plexichat.chat."):
        return "plexichat.chat"
    top = module.split(".")[0]
    return top if top in PACKAGES else ""


def sources(*folders: str) -> list[Path]:
    """Return our Python files below these folders; migrations are written by Django."""
    found = (path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return sorted(path for path in found if "migrations" not in path.parts)


@cache
def tree_of(path: Path) -> ast.Module:
    """Return a file's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def name_of(path: Path) -> str:
    """Return a file's module name."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path: Path) -> Iterator[tuple[str, int]]:
    """Yield every imported module with its line; `from a import b` yields `a.b` if that is one."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = absolute(path, node)
            yield from ((_module(base, alias.name), node.lineno) for alias in node.names)


def absolute(path: Path, node: ast.ImportFrom) -> str:
    """Return the full name of what a `from` names, however many dots it starts with."""
    if not node.level:
        return node.module or ""
    package = name_of(path).split(".")
    if path.name != "__init__.py":
        package.pop()
    kept = package[: len(package) - (node.level - 1)]
    return ".".join([*kept, node.module] if node.module else kept)


def _module(base: str, name: str) -> str:
    folder = ROOT / Path(*base.split("."))
    is_module = (folder / f"{name}.py").exists() or (folder / name / "__init__.py").exists()
    return f"{base}.{name}" if is_module else base


def where(path: Path, line: int) -> str:
    """Return a place that an editor can jump to."""
    return f"{path.relative_to(ROOT)}:{line}"


def told(problems: list[str]) -> str:
    """Return all problems as one failure text."""
    return "\n" + "\n".join(problems)


def test_the_arrows_between_packages_are_kept() -> None:
    problems = [
        f"{where(path, line)}: {package} must not import {imported}"
        for path in sources(*PACKAGES)
        for package in [package_of(name_of(path))]
        for imported, line in imports_of(path)
        if package_of(imported) in FORBIDDEN.get(package, set())
        or imported.split(".")[0] in FORBIDDEN_LIBRARIES.get(package, set())
    ]
    assert not problems, told(problems)


@pytest.mark.parametrize("package", DOORS)
def test_neighbours_enter_through_the_doors(package: str) -> None:
    problems = [
        f"{where(path, line)}: {imported} is inside {package}; its doors are "
        + ", ".join(sorted(DOORS[package]))
        for path in sources(*PACKAGES)
        if package_of(name_of(path)) != package
        for imported, line in imports_of(path)
        if package_of(imported) == package
        and imported != package
        and imported.removeprefix(f"{package}.").split(".")[0] not in DOORS[package]
    ]
    assert not problems, told(problems)


def test_no_module_imports_itself_in_a_circle() -> None:
    graph = {
        name_of(path): {imported for imported, _ in imports_of(path)} - {name_of(path)}
        for path in sources(*PACKAGES)
    }
    circles = [" → ".join(circle) for circle in find_circles(graph)]
    assert not circles, told(circles)


def find_circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Return one circle for each module through which a walk comes back to itself."""
    done: set[str] = set()
    circles: list[list[str]] = []

    def walk(name: str, way: list[str]) -> None:
        if name in way:
            circles.append([*way[way.index(name) :], name])
        elif name not in done:
            for other in sorted(graph.get(name, set()) & graph.keys()):
                walk(other, [*way, name])
            done.add(name)

    for name in sorted(graph):
        walk(name, [])
    return circles


def test_files_stay_small() -> None:
    limits = [(path, FILE_CEILING) for path in sources(*PACKAGES, "plugins", "benchmarks")]
    limits += [(path, TEST_FILE_CEILING) for path in sources("tests")]
    problems = [
        f"{path.relative_to(ROOT)}: {lines} lines, the ceiling is {ceiling}; split it by concept"
        for path, ceiling in limits
        for lines in [len(path.read_text(encoding="utf-8").splitlines())]
        if lines > ceiling
    ]
    assert not problems, told(problems)


def test_functions_stay_small() -> None:
    problems = []
    for path in sources(*PACKAGES, "plugins", "tests", "benchmarks"):
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > FUNCTION_CEILING:
                    problems.append(f"{where(path, node.lineno)}: {node.name} has {lines} lines")
    assert not problems, told(problems)


def test_every_module_says_what_room_it_is() -> None:
    problems = [
        f"{path.relative_to(ROOT)}: no docstring"
        for path in sources(*PACKAGES, "plugins", "benchmarks")
        if not ast.get_docstring(tree_of(path))
    ]
    assert not problems, told(problems)


def test_a_circle_is_found_where_there_is_one() -> None:
    assert find_circles({"a": {"b"}, "b": {"c"}, "c": {"a"}}) == [["a", "b", "c", "a"]]
    assert find_circles({"a": {"b"}, "b": {"c"}, "c": set()}) == []
