"""`manage.py test`: the whole suite, then what is marked `backends` once more for real.

First everything runs on SQLite and in memory, then the tests marked `backends` run on
PostgreSQL and Redis. Arguments go to pytest unchanged, in both rounds. Several workers share a
round, a test file each, unless the arguments say otherwise (`-n0` for one process, `-n4` for
four), start a debugger, or name test files only.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.servers import postgres, redis
from tests.servers.private import PrivateServer, ServerFailed

#: pytest's codes for "tests failed" and "nothing was selected".
TESTS_FAILED, NOTHING_SELECTED = 1, 5
#: More than so many failures are no accident of a busy machine.
MOST_LOOKED_AT_AGAIN = 12
_FAILED = re.compile(r"(\d+) (?:failed|errors?)")
_EMBEDDED = "SQLite, in memory"
_REAL = "PostgreSQL, Redis"
#: What a developer tells the tests themselves: servers to use, how long chaos shall last.
FOR_TESTS = "PLEXICHAT_TEST_", "PLEXICHAT_CHAOS_"
#: Workers of a round. Most tests wait for processes of their own, so a few more than cores do best.
WORKERS = 3
#: Whoever names a number of workers, or wants to talk to the test, knows better.
_ALONE = re.compile(r"-n.*|--numprocesses.*|--pdb.*|--trace|-s|--capture=no")
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")

Start = Callable[[Path], tuple[PrivateServer, str]]


def main(arguments: Sequence[str]) -> int:
    """Run both rounds; return 0 only when neither failed and something ran."""
    arguments = [*workers_for(arguments), *arguments]
    first, first_line = run_round(arguments, {})
    lines = [f"{_EMBEDDED}: {first_line}"]
    second = NOTHING_SELECTED
    try:
        with ExitStack() as servers:
            addresses = {
                "PLEXICHAT_DATABASE_URL": servers.enter_context(
                    _server("PLEXICHAT_TEST_POSTGRES_URL", postgres.start)
                ),
                "PLEXICHAT_REDIS_URL": servers.enter_context(
                    _server("PLEXICHAT_TEST_REDIS_URL", redis.start)
                ),
            }
            second, second_line = run_round([*arguments, "-m", "backends"], addresses)
            lines.append(f"{_REAL}: {second_line}")
    except ServerFailed as failure:
        lines.append(f"{_REAL}: SKIPPED {count_of_backend_tests(arguments)} TESTS. {failure}")
    sys.stdout.write("\n" + "\n".join(lines) + "\n")
    return verdict(first, second)


def verdict(first: int, second: int) -> int:
    """Return the exit code of both rounds; a round with nothing selected has no say."""
    codes = [code for code in (first, second) if code != NOTHING_SELECTED]
    return max(codes) if codes else NOTHING_SELECTED


def workers_for(arguments: Sequence[str]) -> list[str]:
    """Return what shares the tests among workers; nothing where one process does better.

    A file stays with one worker: its tests share what they have started.
    """
    names_files = any(".py" in word and not word.startswith("-") for word in arguments)
    if names_files or any(_ALONE.fullmatch(word) for word in arguments):
        return []
    return ["-n", str(WORKERS), "--dist", "loadfile", "--no-loadscope-reorder"]


def run_pytest(arguments: Sequence[str], addresses: dict[str, str]) -> tuple[int, str]:
    """Run pytest in a process of its own, showing all it says; return its code and last line."""
    command = [sys.executable, "-m", "pytest", *arguments]
    if sys.stdout.isatty():
        command.append("--color=yes")
    last = ""
    with subprocess.Popen(
        command, env=_environment(addresses), stdout=subprocess.PIPE, text=True, errors="replace"
    ) as process:
        assert process.stdout is not None  # it was asked for
        try:
            for line in process.stdout:
                sys.stdout.write(line)
                sys.stdout.flush()
                last = line.strip() or last
        except BaseException:  # whatever ends us must not leave the tests running alone
            process.terminate()
            raise
    return process.returncode, _COLOURS.sub("", last).strip("= ")


def run_round(arguments: Sequence[str], addresses: dict[str, str]) -> tuple[int, str]:
    """Run a round; what failed among several workers is looked at once more, alone.

    A few tests watch real processes against a clock, which a busy machine may hold up. Only those
    that pass alone are forgiven, and the summary says how many these were.
    """
    code, line = run_pytest(arguments, addresses)
    failed = sum(int(number) for number in _FAILED.findall(line))
    if code != TESTS_FAILED or "--dist" not in arguments or failed > MOST_LOOKED_AT_AGAIN:
        return code, line
    sys.stdout.write(f"\nLOOKING AGAIN, one by one, at the {failed} tests that failed above\n")
    alone, line_alone = run_pytest([*_without_workers(arguments), "--last-failed"], addresses)
    return alone, f"{line}; LOOKED AT AGAIN, alone: {line_alone}"


def _without_workers(arguments: Sequence[str]) -> list[str]:
    """Return the arguments without those that `workers_for` had added in front."""
    return [*arguments[len(workers_for([])) :], "-n0"]


def count_of_backend_tests(arguments: Sequence[str]) -> int:
    """Return how many tests the second round would have run."""
    # A verbosity of its own: with a second -q, pytest would count files instead of naming tests.
    command = [sys.executable, "-m", "pytest", *arguments, "-m", "backends"]
    command += ["--collect-only", "--verbosity=-1"]
    listed = subprocess.run(
        command, env=_environment({}), capture_output=True, text=True, check=False
    )
    return sum("::" in line for line in listed.stdout.splitlines())


def _environment(addresses: dict[str, str]) -> dict[str, str]:
    """Return our environment without the developer's own servers, which are no test's business."""
    ours = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("PLEXICHAT_") or name.startswith(FOR_TESTS)
    }
    # Set by `manage.py` for its own process; pytest has settings of its own.
    ours.pop("DJANGO_SETTINGS_MODULE", None)
    # The tests start many processes: each would compile all of the project anew.
    ours.pop("PYTHONDONTWRITEBYTECODE", None)
    return {**ours, **addresses}


@contextmanager
def _server(variable: str, start: Start) -> Iterator[str]:
    """Yield the address given in the environment, or that of a private server."""
    given = os.environ.get(variable)
    if given:
        yield given
        return
    folder = Path(tempfile.mkdtemp(prefix="plexichat-server-"))
    folder.chmod(0o711)  # the server may run as another user
    try:
        server, address = start(folder)
        try:
            yield address
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    # Leave through every `finally`, so that no private server stays behind.
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    sys.exit(main(sys.argv[1:]))
