"""The reference's own tests of a plugin pass, word for word."""

from __future__ import annotations

import subprocess
import sys
import unittest
from pathlib import Path
from typing import Any

import pytest

from plexichat_plugin_sdk import _host
from tests.sdk.child import REPOSITORY
from tests.sdk.reference import reference_block

#: The two names that the block leaves open.
OPEN = """
from unittest.mock import Mock

from plexichat_plugin_sdk import Plugin, PluginContext, endpoint, hook
from plexichat_plugin_sdk.security import require_permission


class MyPlugin(Plugin):
    def __init__(self):
        super().__init__()
        self.name = "my_plugin"
        self.version = "1.0.0"

    def on_load(self, context: PluginContext) -> None:
        self.logger.info("loading")

    @hook("user_registered")
    def on_user_registered(self, user_data) -> None:
        self.logger.info(f"New user registered: {user_data['username']}")

    @hook("message_sent")
    def on_message_sent(self, message) -> None:
        pass

    @endpoint("/api/v1/myplugin/data", methods=["GET"])
    @require_permission("myplugin.read")
    def get_data(self, request):
        return {"status": "success", "data": [request.params["limit"]]}

    def process_invalid_input(self):
        raise ValueError("no")

    def lightweight_operation(self):
        pass


"""


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "test_my_plugin.py"
    path.write_text(OPEN + reference_block("TestMyPlugin"))
    return path


def test_they_pass_in_unittest_and_leave_no_host(written: Path) -> None:
    names: dict[str, Any] = {"__name__": "tests_of_an_author"}
    exec(compile(written.read_text(), str(written), "exec"), names)  # noqa: S102 -- our reference
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(names["TestMyPlugin"])
    result = unittest.TestResult()
    suite.run(result)
    assert (result.testsRun, result.errors, result.failures) == (7, [], [])
    assert _host.current() is None


def test_they_pass_run_as_a_file_with_nothing_but_python(written: Path) -> None:
    program = (
        f"import sys, runpy; sys.path.insert(0, {str(REPOSITORY)!r}); sys.argv[:] = sys.argv[1:]"
    )
    program += "; runpy.run_path(sys.argv[0], run_name='__main__')"
    command = [sys.executable, "-I", "-S", "-W", "error", "-c", program, str(written)]
    ended = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr.splitlines()[-1]) == (0, "OK"), ended.stderr
