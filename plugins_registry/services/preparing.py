"""Preparing a release's packages: built beside, recorded with the release, moved with it.

Whatever ends a build, nothing of it stays: its folder lies in a private place until the release
is recorded, and the next build sweeps what a killed one left.
"""

from __future__ import annotations

import fcntl
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from plugins_registry.conf import conf
from plugins_registry.dependencies import BuildFailed, Order, build
from plugins_registry.dependencies.environments import this_interpreter
from plugins_registry.dependencies.requirements import wheel_problem
from plugins_registry.dependencies.watching import extent_of
from plugins_registry.exceptions import PackageRefused
from plugins_registry.manifest import Manifest
from plugins_registry.models import BinEntry, Release
from plugins_registry.package import store
from plugins_registry.package.inspecting import Inspection
from plugins_registry.services.operating import Progress

_STAGING = ".staging-"
_WHEELS = "wheels"
_LOOK_SECONDS = 0.2
#: Far below what an operation's watchers take for its end.
_SIGN_SECONDS = 10.0
_HOME_MODE = 0o711

Keep = Callable[[Path, str], None]


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """The packages of a release, not yet at their place; without a folder it needs nothing new."""

    folder: Path | None = None
    lock: str = ""
    digest: str = ""
    built_for: str = ""


def package_problems(files: Iterable[str]) -> list[str]:
    """Which bundled wheels could not even be looked at."""
    problems = [wheel_problem(Path(file).name) for file in files if _is_wheel(file)]
    return [problem for problem in problems if problem]


@contextmanager
def prepared(
    source: Path, manifest: Manifest, inspection: Inspection, progress: Progress
) -> Iterator[Prepared]:
    """Build what a checked package needs; it is moved into place by `put_in_place`, or goes.

    One build at a time on this home. Raises `PackageRefused` with a sentence when it fails.
    """
    path = environment_path(manifest.name, manifest.version, inspection.digest)
    if not manifest.packages or _is_intact(manifest.name, inspection.digest):
        yield Prepared()
        return
    order = Order(
        requirements=manifest.packages,
        wheels=tuple(
            inspection.root / file.path for file in inspection.files if _is_wheel(file.path)
        ),
        final=conf.HOME / path,
    )
    with _alone(source, progress), _staging() as folder:
        try:
            built = build(order, folder, cache=_cache(), says=_Steps(progress))
        except BuildFailed as error:
            raise PackageRefused(str(source), [str(error)]) from error
        _shrink_cache()
        digest = store.digest_of(str(built.folder.relative_to(conf.HOME)))
        yield Prepared(
            folder=built.folder, lock=built.lock, digest=digest, built_for=built.built_for
        )


def put_in_place(release: Release, prepared: Prepared, keep: Keep) -> None:
    """Give a release its packages, inside a running change."""
    if prepared.folder is None:
        if release.declared.packages and not release.environment:
            raise PackageRefused(
                str(release), ["it was removed at the same time; install it again"]
            )
        return
    release.environment = environment_path(release.plugin.name, release.version, release.digest)
    release.environment_digest = prepared.digest
    release.lock, release.built_for = prepared.lock, prepared.built_for
    release.save(update_fields=["environment", "environment_digest", "lock", "built_for"])
    keep(prepared.folder, release.environment)


def environment_path(plugin: str, version: str, digest: str) -> str:
    """The folder of a release's packages, relative to the server's home."""
    _, _, below = store.release_path(plugin, version, digest).partition("/")
    return f"environments/{below}"


def environment_reasons(release: Release) -> list[str]:
    """Why a release cannot run with the packages it has. Reads every file of them."""
    if not release.environment:
        return []
    if release.built_for != this_interpreter():
        return [
            f"its packages were installed for {release.built_for} and this server runs "
            f"{this_interpreter()}; install the same release again, which replaces them"
        ]
    if store.digest_of(release.environment) != release.environment_digest:
        return [
            "its Python packages are not those that were installed; somebody changed them. "
            "Install the same release again, which replaces them"
        ]
    return []


class _Steps:
    """An operation's progress, which need not hear of every look at a running build."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._signed = time.monotonic()

    def step(self, name: str, text: str, *, done: int = 0, of: int = 0) -> None:
        """Say what is done now."""
        self._progress.step(name, text, done=done, of=of)
        self._signed = time.monotonic()

    def alive(self) -> None:
        """Give a sign of life, now and then."""
        if time.monotonic() - self._signed > _SIGN_SECONDS:
            self._progress.alive()
            self._signed = time.monotonic()


def _is_wheel(path: str) -> bool:
    folder, _, name = path.rpartition("/")
    return folder == _WHEELS and name.endswith(".whl")


def _is_intact(plugin: str, digest: str) -> bool:
    release = Release.objects.filter(plugin__name=plugin, digest=digest).first()
    return release is not None and not environment_reasons(release)


def _environments() -> Path:
    return conf.HOME / "environments"


def _cache() -> Path:
    return conf.HOME / "package-cache"


def _shrink_cache() -> None:
    """Forget the cache when it has grown too large; what was installed from it stays."""
    if extent_of(_cache()).size_bytes > conf.PACKAGE_CACHE_BYTES:
        shutil.rmtree(_cache(), ignore_errors=True)


@contextmanager
def _staging() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix=_STAGING, dir=_environments()))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _alone(source: Path, progress: Progress) -> Iterator[None]:
    """Wait until nobody else builds here, then sweep up after those who were killed."""
    _make_passable()
    with (_environments() / ".lock").open("w") as lock:
        _take(lock.fileno(), source, _Steps(progress))
        _sweep()
        yield


def _take(lock: int, source: Path, steps: _Steps) -> None:
    until = time.monotonic() + 2 * conf.ENVIRONMENT_SECONDS
    while time.monotonic() < until:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            steps.alive()
            time.sleep(_LOOK_SECONDS)
        else:
            return
    raise PackageRefused(
        str(source), ["another plugin's packages are still being installed; try again later"]
    )


def _make_passable() -> None:
    """Sandboxes and the builder, which have users of their own, pass through to their folders."""
    for folder in (conf.HOME, _environments()):
        if not folder.exists():
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(_HOME_MODE)


def _sweep() -> None:
    """Remove what belongs to no release; whoever holds the lock is alone with it."""
    kept = set(Release.objects.exclude(environment="").values_list("environment", flat=True))
    for paths in BinEntry.objects.values_list("release_paths", flat=True):
        kept.update(paths)
    for folder in _environments().glob(f"{_STAGING}*"):
        shutil.rmtree(folder, ignore_errors=True)
    for folder in _environments().glob("*/*"):
        path = folder.relative_to(conf.HOME).as_posix()
        if path not in kept:
            store.discard(path)
