"""What layers add up to."""

from __future__ import annotations

import pytest

from plugin_runtime.sandbox import layers as layer
from plugin_runtime.sandbox.layers import Level, left_open, level

WALLS = {layer.SECCOMP, layer.RLIMITS, layer.NO_NEW_PRIVS}
WATCHED = {layer.MEMORY_WATCH, layer.CPU_WATCH, layer.DISK_WATCH}
GROUPED = {layer.CGROUP_MEMORY, layer.CGROUP_CPU}
CASES = {
    "nothing": (set(), Level.NONE),
    "limits_only": ({layer.RLIMITS}, Level.NONE),
    "files_hidden_only": ({layer.LANDLOCK}, Level.DEVELOPMENT),
    "no_file_isolation": (WALLS | WATCHED, Level.DEVELOPMENT),
    "own_user_without_landlock": (WALLS | WATCHED | {layer.OWN_UID}, Level.PARTIAL),
    "private_root_without_landlock": (WALLS | WATCHED | {layer.MOUNT_NAMESPACE}, Level.PARTIAL),
    "nobody_watches": (WALLS | {layer.LANDLOCK}, Level.PARTIAL),
    "user_in_a_container": (WALLS | WATCHED | {layer.LANDLOCK}, Level.ISOLATED),
    "groups_without_separation": (WALLS | GROUPED | {layer.LANDLOCK}, Level.ISOLATED),
    "own_user_watched": (WALLS | WATCHED | {layer.LANDLOCK, layer.OWN_UID}, Level.ISOLATED),
    "own_user": (WALLS | GROUPED | {layer.LANDLOCK, layer.OWN_UID}, Level.FULL),
    "namespaces": (
        WALLS | GROUPED | {layer.LANDLOCK, layer.PID_NAMESPACE, layer.MOUNT_NAMESPACE},
        Level.FULL,
    ),
}


@pytest.mark.parametrize(("layers", "expected"), CASES.values(), ids=CASES)
def test_level(layers: set[str], expected: Level) -> None:
    assert level(layers) is expected


def test_levels_compare_and_have_names() -> None:
    assert Level.FULL > Level.ISOLATED > Level.PARTIAL > Level.DEVELOPMENT > Level.NONE
    assert Level.from_label(" Isolated ") is Level.ISOLATED
    assert Level.ISOLATED.label == "isolated"


def test_an_unknown_level_is_refused_with_the_names() -> None:
    with pytest.raises(ValueError, match="'strong' is no sandbox level; expected one of none"):
        Level.from_label("strong")


def test_what_is_open_is_said_and_what_is_closed_is_not() -> None:
    assert left_open({*layer.SELF_APPLIED, *layer.SUPERVISED}) == []
    without_filter = left_open({*layer.SELF_APPLIED, *layer.SUPERVISED} - {layer.SECCOMP})
    assert len(without_filter) == 1
    assert "network connections" in without_filter[0]
    assert any("read and write every file" in sentence for sentence in left_open(()))
