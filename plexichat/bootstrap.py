"""The first minute: turns a bare clone and a Python into a working environment.

Standard library only, since nothing else exists yet. `ensure` is called before Django by
every `manage.py` verb. It makes `.venv`, installs the hash-locked pins into it and continues
there by exec; the next start only compares one digest. A user's own virtual environment is
never touched, and no package index is named here: pip's own configuration is passed on to uv.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv"
PYTHON = ENVIRONMENT / "bin" / "python"
REQUIREMENTS = ROOT / "requirements"

#: Verbs that need the test pins as well; every other verb runs on the runtime pins.
TEST_VERBS = frozenset({"test", "bench"})
#: The verb that only sets up: `manage.py setup [runtime|test]`.
SETUP_VERB = "setup"

#: pip's option → the variable by which uv takes the same wish.
UV_NAMES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
    "default-timeout": "UV_HTTP_TIMEOUT",
    "timeout": "UV_HTTP_TIMEOUT",
}
#: uv reads a list of hosts and links separated by commas where pip separates by white space.
COMMA_SEPARATED = frozenset({"UV_FIND_LINKS"})


class SetupFailed(Exception):
    """The environment could not be made; the message is the sentence for the user."""


def ensure(argv: Sequence[str]) -> None:
    """Make this process run with all pins installed, or end it with one clear sentence.

    Returns at once when they are there. Otherwise installs and replaces the process (exec), so
    it does not return. Installs nothing in a user's own virtual environment or with
    PLEXICHAT_NO_BOOTSTRAP=1.
    """
    verb = argv[1] if len(argv) > 1 else ""
    pins = wanted_pins(argv)
    try:
        if not installs_for(sys.prefix, sys.base_prefix, os.environ):
            _require_packages(pins)
        elif not is_ready(pins):
            set_up(pins)
    except SetupFailed as failure:
        sys.exit(f"manage.py {verb}: {failure}")
    if verb == SETUP_VERB:
        sys.exit(0)
    if installs_for(sys.prefix, sys.base_prefix, os.environ) and not runs_in_ours(sys.prefix):
        _continue_in_environment(argv)


def wanted_pins(argv: Sequence[str]) -> str:
    """Return which lock a command line needs: `runtime` or `test`."""
    verb = argv[1] if len(argv) > 1 else ""
    named = argv[2] if verb == SETUP_VERB and len(argv) > 2 else "runtime"
    return "test" if verb in TEST_VERBS or named == "test" else "runtime"


def runs_in_ours(prefix: str) -> bool:
    """Return whether a Python with this `sys.prefix` is the project's own `.venv`."""
    return Path(prefix).resolve() == ENVIRONMENT.resolve()


def installs_for(prefix: str, base_prefix: str, environ: Mapping[str, str]) -> bool:
    """Decide whether packages are ours to install for this Python."""
    if environ.get("PLEXICHAT_NO_BOOTSTRAP", "") not in ("", "0"):
        return False
    return prefix == base_prefix or runs_in_ours(prefix)


def stamp_of(pins: str) -> Path:
    """Return the file that says which lock is fully installed."""
    return ENVIRONMENT / f".installed-{pins}"


def digest_of(pins: str) -> str:
    """Return the digest of a lock; another digest means another set of packages."""
    return hashlib.sha256((REQUIREMENTS / f"{pins}.txt").read_bytes()).hexdigest()


def is_ready(pins: str) -> bool:
    """Return whether `.venv` holds exactly this lock, from a set-up that ran to its end."""
    try:
        stamped = stamp_of(pins).read_text(encoding="ascii")
    except OSError:
        return False
    return stamped == digest_of(pins) and PYTHON.exists()


def set_up(pins: str) -> None:
    """Install one lock into `.venv`; waits when another process is doing just that.

    The stamp is written last and in one step, so a set-up that was cut off is done again.
    Raises SetupFailed.
    """
    try:
        ENVIRONMENT.mkdir(exist_ok=True)
        with _alone():
            if is_ready(pins):
                return
            _say(f"setting up {ENVIRONMENT.name} for `{pins}` (the first time takes a minute)")
            _make_environment()
            _install_uv()
            _install(pins)
            _stamp(pins)
            _say("set up")
    except OSError as error:
        raise SetupFailed(f"cannot write to {ENVIRONMENT}: {error.strerror}.") from error


@contextmanager
def _alone() -> Iterator[None]:
    with (ENVIRONMENT / ".setup.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("waiting for another set-up of this folder to finish")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make_environment() -> None:
    if PYTHON.exists():
        return
    # A Python that was removed leaves links to nowhere behind; they are replaced.
    shutil.rmtree(ENVIRONMENT / "bin", ignore_errors=True)
    venv.create(ENVIRONMENT, with_pip=False, symlinks=True)


def _install_uv() -> None:
    """Install the locked uv with pip, whose hashes make it as trusted as the lock itself."""
    _say("installing uv, which installs the rest quickly")
    lock = str(REQUIREMENTS / "uv.txt")
    _run([*_pip(), "install", "--quiet", "--require-hashes", "--only-binary", ":all:", "-r", lock])


def _pip() -> list[str]:
    """Return the command of a pip that installs into `.venv`; raises SetupFailed without one."""
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip", "--python", str(PYTHON)]
    if importlib.util.find_spec("ensurepip"):
        _run([str(PYTHON), "-m", "ensurepip", "--default-pip"], stdout=subprocess.DEVNULL)
        return [str(PYTHON), "-m", "pip"]
    raise SetupFailed(
        "this Python has neither pip nor ensurepip, so nothing can be installed. "
        "On Debian or Ubuntu run: apt-get install python3-pip"
    )


def _install(pins: str) -> None:
    lock = REQUIREMENTS / f"{pins}.txt"
    count = len(re.findall(r"^[\w.\[\]-]+==", lock.read_text(encoding="utf-8"), re.MULTILINE))
    _say(f"installing {count} packages")
    command = [str(ENVIRONMENT / "bin" / "uv"), "pip", "install", "--python", str(PYTHON)]
    command += ["--require-hashes", "--only-binary", ":all:", "-r", str(lock)]
    if not sys.stderr.isatty():
        command.append("--quiet")
    if sys.dont_write_bytecode:
        # This Python would compile every package anew at each start, which takes seconds.
        command.append("--compile-bytecode")
    _run(command, env={**os.environ, **uv_settings(_pip_settings(), os.environ)})


def _pip_settings() -> str:
    """Return pip's own settings as it lists them; uv does not read pip's files itself."""
    # Without --python: the settings are the user's, whichever interpreter reads them.
    pip = sys.executable if importlib.util.find_spec("pip") else str(PYTHON)
    command = [pip, "-m", "pip", "config", "list"]
    listing = subprocess.run(command, capture_output=True, text=True, check=False)
    return listing.stdout


def package_sources() -> dict[str, str]:
    """Return uv's variables for the indexes that the operator gave pip, also in our `.venv`."""
    for python in (sys.executable, str(Path(sys.base_prefix, "bin", "python3"))):
        command = [python, "-m", "pip", "config", "list"]
        listing = subprocess.run(command, capture_output=True, text=True, check=False)
        if listing.returncode == 0:
            return uv_settings(listing.stdout, os.environ)
    return {}


def uv_settings(pip_listing: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Translate `pip config list` into uv's variables; what the user gave uv itself wins."""
    settings: dict[str, str] = {}
    for line in pip_listing.splitlines():
        key, found, quoted = line.partition("=")
        name = UV_NAMES.get(key.rpartition(".")[2])
        if found and name and name not in environ:
            value = quoted.strip().strip("'\"").replace("\\n", " ").strip()
            settings[name] = ",".join(value.split()) if name in COMMA_SEPARATED else value
    if settings:
        # pip looks for a version in all indexes alike. That is safe to copy, since every file
        # must match a locked hash, wherever it came from.
        settings.setdefault("UV_INDEX_STRATEGY", "unsafe-best-match")
    return settings


def _run(
    command: list[str], *, env: Mapping[str, str] | None = None, stdout: int | None = None
) -> None:
    if subprocess.run(command, env=env, stdout=stdout, check=False).returncode != 0:
        raise SetupFailed(
            "installing the packages failed, see above. Nothing else was changed; "
            "when the cause is gone, the same command tries again."
        )


def _stamp(pins: str) -> None:
    # The test lock contains the runtime lock, so its set-up serves both.
    for name in ("runtime", pins):
        unfinished = stamp_of(name).with_suffix(".new")
        unfinished.write_text(digest_of(name), encoding="ascii")
        unfinished.replace(stamp_of(name))


def _require_packages(pins: str) -> None:
    missing = "django" if pins == "runtime" else "pytest"
    if importlib.util.find_spec(missing) is None:
        raise SetupFailed(
            f"this Python has no {missing}, and its packages are yours to install: "
            f"python -m pip install --require-hashes -r requirements/{pins}.txt"
        )


def _continue_in_environment(argv: Sequence[str]) -> NoReturn:
    sys.stdout.flush()
    os.execv(PYTHON, [str(PYTHON), *argv])


def _say(text: str) -> None:
    sys.stderr.write(f"plexichat: {text}\n")
    sys.stderr.flush()
