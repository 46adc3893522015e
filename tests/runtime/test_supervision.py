"""The supervisor: wishes come true, ends are noticed, nothing stays behind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from plugin_runtime.supervisor.host import start_in_thread
from plugins_registry import services
from tests.platform import Platform
from tests.waiting import wait_for

pytestmark = pytest.mark.backends
Post = Callable[[str], Any]


def test_an_enabled_plugin_becomes_active_with_its_layers(platform: Platform) -> None:
    name = platform.install("noop")

    plugin = platform.plugin(name)
    assert {"seccomp", "landlock", "no_new_privs", "rlimits"} <= set(plugin.layers)
    assert plugin.level in ("full", "isolated")


def test_a_disabled_plugin_is_asked_no_more(platform: Platform, post: Post) -> None:
    platform.install("shouts")
    assert post("before").content == "BEFORE"

    services.disable("shouts")
    platform.wait_for_state("shouts", "stopped")

    assert post("after").content == "after"


def test_a_disabled_plugin_has_no_process(platform: Platform) -> None:
    platform.install("shouts")
    pid = platform.pid_of("shouts")

    services.disable("shouts")
    platform.wait_for_state("shouts", "stopped")

    assert not Path(f"/proc/{pid}").exists()


def test_a_killed_plugin_comes_back(platform: Platform, post: Post) -> None:
    platform.install("shouts")
    first = platform.pid_of("shouts")

    platform.kill("shouts")
    wait_for(lambda: platform.plugin("shouts").state != "active", what="its end noticed")
    platform.wait_for_state("shouts", "active")

    assert platform.pid_of("shouts") != first
    assert post("hello").content == "HELLO"


def test_a_quarantined_plugin_gets_another_try_by_enabling_it(platform: Platform) -> None:
    platform.install("raises_on_load", wait="quarantined")

    services.enable("raises_on_load")

    platform.wait_for_state("raises_on_load", "backing_off")


def test_a_changed_configuration_reaches_the_running_plugin(platform: Platform, post: Post) -> None:
    from tests.platform import BUNDLED

    platform.install(BUNDLED / "moderation")
    pid = platform.pid_of("moderation")
    assert post("a darn good day").content == "a **** good day"

    services.configure("moderation", {"masked_words": ["good"]})

    wait_for(lambda: post("a darn good day").content == "a darn **** day", what="the new words")
    assert platform.pid_of("moderation") == pid


def test_an_uninstalled_plugin_is_gone(platform: Platform, post: Post) -> None:
    platform.install("shouts")
    pid = platform.pid_of("shouts")

    services.uninstall("shouts")

    wait_for(lambda: not Path(f"/proc/{pid}").exists(), what="its process gone")
    assert post("hello").content == "hello"


def test_stopping_the_supervisor_leaves_no_process(platform: Platform) -> None:
    platform.install("noop")
    pid = platform.pid_of("noop")

    platform.supervisor.stop()

    assert not Path(f"/proc/{pid}").exists()


def test_a_new_supervisor_brings_wanted_plugins_back(platform: Platform, post: Post) -> None:
    platform.install("shouts")
    platform.supervisor.stop()
    platform.wait_for_state("shouts", "stopped")

    second = start_in_thread()
    try:
        platform.wait_for_state("shouts", "active")
        assert post("hello").content == "HELLO"
    finally:
        second.stop()
