"""The plugin's class, whatever else is called `plugin` in this process."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest

PLUGIN = Path(__file__).parents[1] / "plugin.py"


@pytest.fixture
def plugin_class() -> Any:
    """Import `plugin.py` anew."""
    spec = importlib.util.spec_from_file_location("polls_plugin", PLUGIN)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Polls
