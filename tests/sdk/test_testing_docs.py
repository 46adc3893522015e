"""The page about testing runs as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from plexichat_plugin_sdk.testing import MockContext
from tests.sdk.child import REPOSITORY

pytest_plugins = ["pytester"]
PAGE = (REPOSITORY / "docs" / "testing-plugins.md").read_text()


def test_its_example_passes(tmp_path: Path, pytester: pytest.Pytester) -> None:
    (block,) = re.findall(r"```python\n# test_shout.py\n(.*?)```", PAGE, re.DOTALL)
    pytester.makepyfile(test_shout=block)
    result = pytester.runpytest_inprocess(
        "-p", "plexichat_plugin_sdk.testing.pytest_plugin", "-p", "no:django", "-p", "no:randomly"
    )
    result.assert_outcomes(passed=1)


def test_every_name_in_its_table_exists() -> None:
    context = MockContext()
    table = PAGE.partition("| you want")[2].partition("\n\n")[0]
    named = set(re.findall(r"`(?:with context\.|context\.|…)?_?([a-z_]+)\(", table))
    named |= {"logs", "log_messages", "emitted", "messages", "broadcasts", "problems"}
    missing = {name for name in named if not hasattr(context, name)}
    context.close()
    assert missing <= {"json", "websockets", "jobs", "plexichat", "get_db_connection", "on_load"}
