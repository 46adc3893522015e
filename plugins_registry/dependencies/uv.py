"""uv, run with what it needs and nothing more: no secrets, no shell, no home, bounded in all ways.

It only resolves, downloads and unpacks wheels; nothing of a package is ever run. Where the server
is root, uv is not.
"""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plugins_registry.conf import conf
from plugins_registry.dependencies.problems import BuildFailed
from plugins_registry.dependencies.watching import DiskWatch, Extent, require_modest

logger = logging.getLogger(__name__)

#: Neither anybody's nor a sandbox's: theirs begin above.
BUILDER_UID = 0x6FFF_FFFF
_LINES_KEPT = 60
_LINE_CHARACTERS = 1000
_LOOK_SECONDS = 0.25
_PROBE_SECONDS = 30
#: What of the server's environment tells uv how to reach an index.
_NETWORK_NAMES = frozenset({"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"})
_SOURCE_NAMES = frozenset(
    {
        *("UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS"),
        *("UV_INDEX_STRATEGY", "UV_INSECURE_HOST", "UV_HTTP_TIMEOUT", "UV_NATIVE_TLS"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR"),
    }
)
#: Where packages come from; all of it gives way to PLEXICHAT_PACKAGE_INDEX.
_INDEX_NAMES = ("UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL")
_CAN_WORK = (
    "import os, sys; "
    "sys.exit(not (os.access(sys.argv[1], os.X_OK) and os.access('.', os.W_OK | os.X_OK)))"
)
#: Limits itself and becomes the command: of another user's process they could not be set. The
#: processor time ends what outlives a server that was killed; all its threads count.
_LIMITED = (
    "import os, resource, signal, sys; size, seconds = map(int, sys.argv[1:3]); "
    "resource.setrlimit(resource.RLIMIT_CORE, (0, 0)); "
    "resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)); "
    "resource.setrlimit(resource.RLIMIT_CPU, (4 * seconds + 60, 4 * seconds + 60)); "
    "signal.signal(signal.SIGXFSZ, signal.SIG_DFL); signal.signal(signal.SIGPIPE, signal.SIG_DFL); "
    "os.execv(sys.argv[3], sys.argv[3:])"
)

Heed = Callable[[str], None]
#: What a process says; None when it has said everything.
_Lines = queue.Queue[str | None]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a command ended."""

    is_good: bool
    #: The end of what it said.
    words: str


class Tool:
    """uv in one folder, where it may write; the cache beside is shared by all builds."""

    def __init__(self, folder: Path, *, cache: Path, seconds: float) -> None:
        self._folder = folder
        self._cache = cache
        self._uv = _find_uv()
        self._until = time.monotonic() + seconds
        self._watch = DiskWatch(folder, cache)
        self._identity = _identity(self._uv, folder, cache)

    def run(self, arguments: Sequence[str], *, variables: Mapping[str, str], heed: Heed) -> Outcome:
        """Run a verb of uv; `heed` is told each line, and an empty one now and then."""
        shared = ["--no-config", "--no-progress", "--color", "never", "--no-python-downloads"]
        shared += ["--cache-dir", str(self._cache), "--python", sys.executable]
        command = [self._uv, *arguments, *shared, "--only-binary", ":all:"]
        return self.run_command(command, variables=variables, heed=heed)

    def run_command(
        self, command: Sequence[str], *, variables: Mapping[str, str], heed: Heed
    ) -> Outcome:
        """Run a command in the folder. Raises `BuildFailed` when it goes beyond its bounds."""
        limits = [str(conf.ENVIRONMENT_MAX_BYTES), str(conf.ENVIRONMENT_SECONDS)]
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _LIMITED, *limits, *command],
            cwd=self._folder,
            env={**_bare_environment(self._folder), **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
            **self._identity,
        )
        lines: _Lines = queue.Queue(maxsize=1000)
        reader = threading.Thread(target=_read, args=(process, lines), daemon=True)
        reader.start()
        try:
            return self._attend(process, lines, heed)
        finally:
            _end(process)
            _see_off(reader, lines)

    def _attend(self, process: subprocess.Popen[str], lines: _Lines, heed: Heed) -> Outcome:
        kept: deque[str] = deque(maxlen=_LINES_KEPT)
        while True:
            line: str | None = ""
            with contextlib.suppress(queue.Empty):
                line = lines.get(timeout=_LOOK_SECONDS)
            if line is None:
                return _outcome(process.wait(), kept)
            if line:
                kept.append(line)
            heed(line)
            self._watch.look()
            if time.monotonic() > self._until:
                raise BuildFailed(
                    f"dependencies.packages: installing them took longer than "
                    f"{conf.ENVIRONMENT_SECONDS} s (PLEXICHAT_ENVIRONMENT_SECONDS); try again, "
                    f"what was downloaded is kept"
                )


def _outcome(status: int, kept: Iterable[str]) -> Outcome:
    if status == -signal.SIGXFSZ:
        require_modest(Extent(size_bytes=conf.ENVIRONMENT_MAX_BYTES + 1))
    return Outcome(is_good=status == 0, words="\n".join(kept))


def sources(*, bundled: Path | None, only_bundled: bool) -> dict[str, str]:
    """Where uv shall look: bundled wheels, and unless only those, what the operator chose."""
    found: dict[str, str] = {}
    if not only_bundled:
        found = {name: value for name, value in os.environ.items() if _tells_of_sources(name)}
        found |= conf.PACKAGE_SOURCES()
    if conf.PACKAGE_INDEX and not only_bundled:
        for name in _INDEX_NAMES:
            found.pop(name, None)
        found["UV_DEFAULT_INDEX"] = conf.PACKAGE_INDEX
    links = [found.get("UV_FIND_LINKS", ""), str(bundled or "")]
    return {**found, "UV_FIND_LINKS": ",".join(link for link in links if link)}


def _tells_of_sources(name: str) -> bool:
    # UV_INDEX_<NAME>_USERNAME and _PASSWORD are the index's own.
    is_credential = name.startswith("UV_INDEX_") and name.endswith(("_USERNAME", "_PASSWORD"))
    return is_credential or name in _SOURCE_NAMES or name.upper() in _NETWORK_NAMES


def _bare_environment(folder: Path) -> dict[str, str]:
    return {"PATH": os.defpath, "LANG": "C.UTF-8", "TMPDIR": str(folder), "HOME": str(folder)}


def _find_uv() -> str:
    beside = Path(sys.prefix, "bin", "uv")
    found = str(beside) if beside.is_file() else shutil.which("uv")
    if found is None:
        raise BuildFailed(
            "dependencies.packages: packages for plugins are installed with uv, which is not "
            "there; install it beside this server: python -m pip install uv"
        )
    return found


def _identity(uv: str, folder: Path, cache: Path) -> dict[str, Any]:
    """Under whom uv runs: nobody special if we are root and such a user can reach all it needs."""
    if os.geteuid() != 0:
        return {}
    nobody: dict[str, Any] = {"user": BUILDER_UID, "group": BUILDER_UID, "extra_groups": []}
    os.chown(folder, BUILDER_UID, BUILDER_UID)
    probe = [sys.executable, "-I", "-S", "-c", _CAN_WORK, uv]
    try:
        subprocess.run(
            probe, cwd=folder, env={}, check=True, timeout=_PROBE_SECONDS, **nobody,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        logger.warning("uv runs as root: an unprivileged user cannot reach it, or its folder")
        os.chown(folder, 0, 0)
        _hand_over(cache, 0)
        return {}
    _hand_over(cache, BUILDER_UID)
    return nobody


def _hand_over(cache: Path, uid: int) -> None:
    """Let this user keep the cache; what another one has cached could not be used."""
    if cache.stat().st_uid != uid:
        shutil.rmtree(cache)
        cache.mkdir(mode=0o700)
        os.chown(cache, uid, uid)


def _read(process: subprocess.Popen[str], lines: _Lines) -> None:
    assert process.stderr is not None  # it was asked for
    with process.stderr:
        while line := process.stderr.readline(_LINE_CHARACTERS):
            if text := line.rstrip():
                lines.put(text)
    lines.put(None)


def _see_off(reader: threading.Thread, lines: _Lines) -> None:
    """Wait for the reader, which may hold lines that nobody wants any more."""
    while reader.is_alive():
        with contextlib.suppress(queue.Empty):
            lines.get(timeout=0.01)
    reader.join()


def _end(process: subprocess.Popen[str]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
