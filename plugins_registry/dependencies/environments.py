"""Building an environment: resolved, locked, installed, looked over; then somebody moves it."""

from __future__ import annotations

import os
import re
import shutil
import stat
import sys
import sysconfig
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from plugins_registry.conf import conf
from plugins_registry.dependencies import explaining
from plugins_registry.dependencies.locks import is_complete, packages_of
from plugins_registry.dependencies.problems import BuildFailed
from plugins_registry.dependencies.requirements import lines_of, pins_of
from plugins_registry.dependencies.uv import Tool, sources
from plugins_registry.dependencies.watching import TooLarge, extent_of, require_modest

_LOCK_BYTES = 1024**2
_DOWNLOAD = re.compile(r"^\s*Downloading (?P<what>\S+)")
_INSTALLING = re.compile(r"^\s*Prepared ")
#: What uv leaves in its target beside the packages.
_LEFTOVERS = (".lock",)
#: Test suites are never imported in production and are half of what there is to compile.
_NOT_COMPILED = r"[/\\]tests?[/\\]"
_MANY_FILES = 300
_FOLDER_MODE, _FILE_MODE, _PROGRAM_MODE = 0o755, 0o644, 0o755


class Says(Protocol):
    """Whom the steps are told; an operation's `Progress` is one."""

    def step(self, name: str, text: str, *, done: int = 0, of: int = 0) -> None:
        """Say what is done now."""

    def alive(self) -> None:
        """Give a sign of life."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """What shall be built."""

    requirements: tuple[str, ...]
    #: Bundled wheel files; preferred to what an index has.
    wheels: tuple[Path, ...]
    #: Where it will be moved: tracebacks name this place.
    final: Path


@dataclass(frozen=True, kw_only=True)
class Built:
    """A finished environment, not yet at its place."""

    folder: Path
    #: Exact versions with hashes.
    lock: str
    #: The interpreter for which it was built.
    built_for: str


@dataclass(frozen=True, kw_only=True)
class _Route:
    """One way to packages."""

    options: tuple[str, ...]
    variables: dict[str, str]


def this_interpreter() -> str:
    """Which compiled packages fit: implementation, version and platform of this Python."""
    return str(sysconfig.get_config_var("SOABI"))


def build(order: Order, folder: Path, *, cache: Path, says: Says) -> Built:
    """Build an environment inside an empty folder. Raises `BuildFailed` with a sentence."""
    folder.chmod(_FOLDER_MODE)
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        return _Build(order, folder, cache=cache, says=says).carry_out()
    except TooLarge:
        # What was unpacked into the cache is as large, and nobody will use it.
        shutil.rmtree(cache, ignore_errors=True)
        raise
    except OSError as error:
        raise BuildFailed(
            f"dependencies.packages: they could not be written: {error.strerror or error}; check "
            f"the server's home"
        ) from error


class _Build:
    """One build, step by step."""

    def __init__(self, order: Order, folder: Path, *, cache: Path, says: Says) -> None:
        self._order = order
        self._says = says
        self._target = folder / "environment"
        self._bundled = _bundled(order.wheels, folder / "wheels")
        (folder / "requirements.in").write_text(lines_of(order.requirements), encoding="utf-8")
        pins = pins_of(wheel.name for wheel in order.wheels)
        (folder / "bundled.txt").write_text(pins, encoding="utf-8")
        self._lock_file = folder / "packages.lock"
        self._tool = Tool(folder, cache=cache, seconds=conf.ENVIRONMENT_SECONDS)

    def carry_out(self) -> Built:
        self._says.step("resolve", "resolving its packages")
        route = self._resolve()
        lock = self._lock()
        packages = packages_of(lock)
        counted = f"{len(packages)} package{'' if len(packages) == 1 else 's'}"
        self._says.step("download", f"fetching {counted}", of=len(packages))
        self._install(route, lock)
        self._says.step("compile", "compiling")
        self._compile()
        _look_over(self._target)
        return Built(folder=self._target, lock=lock, built_for=this_interpreter())

    def _resolve(self) -> _Route:
        """Find exact versions on the first way that leads to them."""
        failed = ""
        for route in self._routes():
            outcome = self._tool.run(
                [
                    *("pip", "compile", "requirements.in", "--constraint", "bundled.txt"),
                    *("--output-file", self._lock_file.name, "--generate-hashes"),
                    *("--no-header", "--no-annotate", "--quiet"),
                    *route.options,
                ],
                variables=route.variables,
                heed=self._hear_nothing,
            )
            if outcome.is_good:
                return route
            is_about_network = explaining.is_network_trouble(outcome.words)
            if "--offline" not in route.options or not failed:
                failed = outcome.words
            if "--offline" not in route.options and not is_about_network:
                break
        raise BuildFailed(explaining.explained(failed))

    def _routes(self) -> Iterator[_Route]:
        if self._bundled:
            variables = sources(bundled=self._bundled, only_bundled=True)
            yield _Route(options=("--offline", "--no-index"), variables=variables)
        everywhere = sources(bundled=self._bundled, only_bundled=False)
        if not conf.PACKAGE_OFFLINE:
            yield _Route(options=(), variables=everywhere)
        yield _Route(options=("--offline",), variables=everywhere)

    def _lock(self) -> str:
        with self._lock_file.open("rb") as opened:
            lock = opened.read(_LOCK_BYTES + 1).decode("utf-8", "replace")
        if len(lock) > _LOCK_BYTES or not is_complete(lock):
            raise BuildFailed(
                "dependencies.packages: they could not be locked to exact versions with hashes; "
                "ask for fewer packages, by name and version range"
            )
        return lock

    def _install(self, route: _Route, lock: str) -> None:
        outcome = self._tool.run(
            [
                *("pip", "install", "--target", self._target.name),
                *("--requirements", self._lock_file.name, "--require-hashes", "--no-deps"),
                *("--link-mode", "hardlink", *route.options),
            ],
            variables=route.variables,
            heed=self._following(lock),
        )
        if not outcome.is_good:
            raise BuildFailed(explaining.explained(outcome.words))
        # Nothing at all may have been needed: every requirement was for another platform.
        self._target.mkdir(exist_ok=True)

    def _following(self, lock: str) -> Callable[[str], None]:
        """Turn uv's lines into steps."""
        versions = {package.name: package for package in packages_of(lock)}
        seen: list[str] = []

        def heed(line: str) -> None:
            if found := _DOWNLOAD.match(line):
                seen.append(found["what"])
                what, at = versions.get(found["what"], found["what"]), len(seen)
                text = f"downloading {what} ({at} of {len(versions)})"
                self._says.step("download", text, done=at, of=len(versions))
            elif _INSTALLING.match(line):
                self._says.step("install", "installing", of=len(versions))
            else:
                self._says.alive()

        return heed

    def _compile(self) -> None:
        """Compile once what every start would compile anew; a failure costs time only."""
        command = [sys.executable, "-I", "-S", "-m", "compileall", "-qq"]
        # A second process costs more than it saves where there is little to do.
        command += ["-j", "2"] if extent_of(self._target).files > _MANY_FILES else []
        command += ["-x", _NOT_COMPILED, "--invalidation-mode", "unchecked-hash"]
        command += ["-s", self._target.name, "-p", str(self._order.final), self._target.name]
        self._tool.run_command(command, variables={}, heed=self._hear_nothing)

    def _hear_nothing(self, _line: str) -> None:
        self._says.alive()


def _bundled(wheels: Sequence[Path], into: Path) -> Path | None:
    """Copy the wheels to where uv can read them, whoever it is."""
    if not wheels:
        return None
    into.mkdir(mode=_FOLDER_MODE)
    for wheel in wheels:
        (into / wheel.name).write_bytes(wheel.read_bytes())
        (into / wheel.name).chmod(_FILE_MODE)
    return into


def _look_over(target: Path) -> None:
    """Let nothing but plain files in, which all may read and nobody may write."""
    for name in _LEFTOVERS:
        (target / name).unlink(missing_ok=True)
    require_modest(extent_of(target))
    for folder, folders, files in os.walk(target):
        for name in (*folders, *files):
            path = Path(folder, name)
            mode = path.lstat().st_mode
            if not stat.S_ISDIR(mode) and not stat.S_ISREG(mode):
                raise BuildFailed(
                    f"dependencies.packages: {path.relative_to(target)} is neither a file nor a "
                    f"folder; use another version of that package"
                )
            path.chmod(_mode_of(mode))


def _mode_of(mode: int) -> int:
    if stat.S_ISDIR(mode):
        return _FOLDER_MODE
    return _PROGRAM_MODE if mode & stat.S_IXUSR else _FILE_MODE
