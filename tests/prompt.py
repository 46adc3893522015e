"""A `manage.py` that has imported everything and forks for each command it is given.

Importing the project costs two seconds of a processor, and a test may need ten commands. Run as
a script: reads a JSON list of words from each line, answers each with one line of JSON.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

#: Servers stop being asked long before a worker has so many homes at a time.
_KEPT = 2
_prompts: dict[Path, Prompt] = {}


class Prompt:
    """The process, from outside."""

    def __init__(self, root: Path, environment: dict[str, str]) -> None:
        command = [sys.executable, "-m", "tests.prompt"]
        self._process = subprocess.Popen(
            command, cwd=root, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    @classmethod
    def of(cls, home: Path, root: Path, environment: dict[str, str]) -> Prompt:
        """Return the one for this home, started with this environment when there is none."""
        if home not in _prompts:
            while len(_prompts) >= _KEPT:
                _prompts.pop(next(iter(_prompts))).close()
            _prompts[home] = cls(root, environment)
        return _prompts[home]

    def run(self, *words: str) -> tuple[int, str]:
        """Run `manage.py WORDS`; return the exit code and all that was said."""
        pipes = self._process.stdin, self._process.stdout
        assert pipes[0] is not None
        assert pipes[1] is not None
        pipes[0].write(json.dumps(words).encode() + b"\n")
        pipes[0].flush()
        code, said = json.loads(pipes[1].readline())
        return code, said

    def close(self) -> None:
        """End it."""
        self._process.communicate()


@atexit.register
def _close_all() -> None:
    while _prompts:
        _prompts.popitem()[1].close()


def serve() -> None:
    """Answer lines until there are no more."""
    django: Any = __import__("django")
    django.setup()
    management: Any = __import__("django.core.management", fromlist=["management"])
    __import__("plugins_registry.management.commands.plugin")
    for line in sys.stdin:
        answer = _forked(management.execute_from_command_line, ["manage.py", *json.loads(line)])
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _forked(run: Any, words: list[str]) -> tuple[int, str]:
    with tempfile.TemporaryFile("w+") as said:
        child = os.fork()
        if child == 0:
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            for number in (1, 2):
                os.dup2(said.fileno(), number)
            run(words)
            sys.exit()
        _, status = os.waitpid(child, 0)
        said.seek(0)
        return os.waitstatus_to_exitcode(status), said.read()


if __name__ == "__main__":
    serve()
