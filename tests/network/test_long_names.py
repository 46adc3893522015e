"""Names so long that merely writing them plainly would stop the gateway."""

from __future__ import annotations

import time

import pytest

from plugin_runtime.gateway.network import destinations
from plugin_runtime.gateway.refusal import Refusal


def test_a_name_is_refused_before_it_is_encoded() -> None:
    began = time.thread_time()
    with pytest.raises(Refusal, match="254 characters"):
        destinations.asked_for({"host": "é." * 80_000, "port": 443})
    assert time.thread_time() - began < 1.0


def test_the_longest_name_is_taken() -> None:
    host = "a." * 126 + "b."
    assert destinations.asked_for({"host": host, "port": 443}).host == host.removesuffix(".")
