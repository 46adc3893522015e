"""No plugin starts on a machine that confines it less than is asked for."""

from __future__ import annotations

from typing import Any

import pytest

from plugin_runtime.sandbox import layers as layer
from plugin_runtime.sandbox.probe import Probe
from plugin_runtime.supervisor.ending import StartFailed
from plugin_runtime.supervisor.nursery import Nursery

ALL = (*layer.SELF_APPLIED, layer.CGROUP_MEMORY, layer.CGROUP_CPU)


@pytest.fixture
def allows(settings: Any) -> Any:
    """Return a function that says whether a plugin may start with these layers and this minimum."""

    def is_allowed(layers: tuple[str, ...], minimum: str) -> bool:
        settings.PLEXICHAT_SANDBOX_MINIMUM = minimum
        nursery = Nursery()
        nursery._probe = Probe(layers, ("nothing holds",))
        try:
            nursery.require_minimum()
        except StartFailed as refusal:
            return minimum not in refusal.ending.reason
        return True

    return is_allowed


@pytest.mark.parametrize("minimum", ["none", "development", "partial", "isolated", "full"])
def test_without_any_wall_no_plugin_starts(allows: Any, minimum: str) -> None:
    assert not allows((), minimum)
    assert allows(ALL, minimum)


def test_the_minimum_decides_above_that(allows: Any) -> None:
    assert allows((layer.SECCOMP,), "development")
    assert not allows((layer.SECCOMP,), "isolated")
