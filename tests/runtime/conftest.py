"""Fixtures around a living platform."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from plexichat.chat import services as chat
from tests.platform import Platform, running_platform


@pytest.fixture
def home(settings: Any) -> Iterator[Path]:
    """An empty data folder with a short path: a socket's address may not exceed 107 bytes."""
    folder = Path(tempfile.mkdtemp(prefix="plx-"))
    settings.PLEXICHAT_HOME = folder
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def platform(transactional_db: None, home: Path, tmp_path: Path) -> Iterator[Platform]:
    """A real supervisor with real sandboxes on the test's database."""
    with running_platform(tmp_path) as running:
        yield running


@pytest.fixture
def post(platform: Platform) -> Callable[[str], Any]:
    """Posts a message into one channel and returns it as stored."""
    channel = platform.channel()

    def post_message(content: str) -> Any:
        return chat.post_message(platform.person(), channel.public_id, content=content)

    return post_message
