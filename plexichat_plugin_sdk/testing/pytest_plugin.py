"""The pytest plugin: a context as a fixture. Installed with the SDK, nothing needs importing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from .context import MockContext


@pytest.fixture
def plexichat_context() -> Iterator[MockContext]:
    """A `MockContext` without settings or capabilities, closed after the test."""
    with MockContext.all_closed_after():
        yield MockContext()


@pytest.fixture
def plexichat() -> Iterator[Callable[..., MockContext]]:
    """Make contexts: `plexichat(config={…}, capabilities=[…])`; all are closed after the test."""
    with MockContext.all_closed_after():

        def make(**parts: Any) -> MockContext:
            return MockContext(**parts)

        yield make
