"""What every test may use."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.cache import cache


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    """Throttles and heartbeats of one test are no business of the next."""
    yield
    cache.clear()
