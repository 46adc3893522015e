"""Plugins that attack their host with what their process holds: the control line, the frames.

Each speaks with the runner's own hands, as hostile code in the same process can. The twin of each
is the rest of this folder, where the same lines serve honest plugins.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from plexichat.chat import events
from plugin_runtime.hooks.filters import REASON_CHARACTERS
from plugins_registry import services
from tests.platform import Platform
from tests.waiting import wait_for

Post = Callable[[str], Any]

#: What every attacker begins with: the control line is descriptor 3, and nothing ends it.
HEAD = """
import os
import socket
import time

from plexichat_plugin_sdk import MessageBlocked, Plugin, hook
from plexichat_plugin_sdk._runner import calls
from plexichat_plugin_sdk._wire import MAX_FRAME_BYTES, control
from plexichat_plugin_sdk._wire.conversation import Failure
from plexichat_plugin_sdk._wire.framing import encode
from plexichat_plugin_sdk._wire.framing import msgspec


def cut_the_control_line():
    os._exit = lambda status: time.sleep(3600)
    socket.socket(fileno=os.dup(3)).shutdown(socket.SHUT_RDWR)

"""
CUTS_IN_ON_LOAD = """
class Cuts(Plugin):
    def on_load(self, context):
        cut_the_control_line()
        time.sleep(3600)
"""
CUTS_LATER = """
class Cuts(Plugin):
    @hook("message_sent")
    def check(self, message):
        cut_the_control_line()
"""
FLOODS_IN_ON_LOAD = """
class Floods(Plugin):
    def on_load(self, context):
        frame = encode(control.LineWanted(), msgspec.msgpack.Encoder())
        while True:
            os.write(3, frame * 100)
"""
FAILS_HUGELY = """
def huge(number, error):
    return Failure(number, "handler_raised", "x" * (MAX_FRAME_BYTES - 40), {})


class Fails(Plugin):
    @hook("message_sent")
    def check(self, message):
        calls.failure_of = huge
        raise ValueError
"""
BLOCKS_HUGELY = """
class Blocks(Plugin):
    @hook("message_sent")
    def check(self, message):
        raise MessageBlocked("x" * 10_000)
"""


def write(platform: Platform, name: str, code: str) -> Path:
    folder = platform.write(name, "")
    (folder / "plugin.py").write_text(HEAD + code)
    return folder


@pytest.fixture(autouse=True)
def _patience(settings: Any) -> None:
    """Neither of these would be the supervisor's own doing."""
    settings.PLEXICHAT_PLUGIN_PING_SECONDS = 600.0


def test_a_plugin_cannot_hide_by_cutting_its_control_line_while_it_loads(
    platform: Platform,
) -> None:
    platform.install(write(platform, "cuts", CUTS_IN_ON_LOAD), wait="backing_off")

    assert "control line" in platform.plugin("cuts").reason


def test_a_plugin_that_cut_its_control_line_can_be_disabled(platform: Platform) -> None:
    platform.install(write(platform, "cuts", CUTS_IN_ON_LOAD), wait="backing_off")

    services.disable("cuts")

    platform.wait_for_state("cuts", "stopped")
    assert "cuts" not in platform.supervisor.pids


def test_a_plugin_cannot_evade_its_health_check_by_cutting_its_control_line(
    platform: Platform, post: Post
) -> None:
    platform.install(write(platform, "cuts", CUTS_LATER))
    pid = platform.pid_of("cuts")

    post("hello")

    wait_for(lambda: not Path(f"/proc/{pid}").exists(), what="its process gone")
    assert "control line" in platform.wait_for_state("cuts", "backing_off").reason


def test_a_plugin_cannot_flood_its_control_line_while_it_loads(platform: Platform) -> None:
    platform.install(write(platform, "floods", FLOODS_IN_ON_LOAD), wait="backing_off")

    # Whichever is noticed first: that it says too much, or that it reads too little.
    assert "control line" in platform.plugin("floods").reason


def test_a_failure_of_the_largest_size_fails_only_the_filter(
    platform: Platform, post: Post
) -> None:
    platform.install(write(platform, "fails", FAILS_HUGELY))

    assert post("hello").content == "hello"


def test_a_reason_of_any_size_is_cut(platform: Platform, post: Post) -> None:
    platform.install(write(platform, "blocks", BLOCKS_HUGELY))

    with pytest.raises(events.Blocked) as refusal:
        post("hello")
    assert refusal.value.reason == "x" * REASON_CHARACTERS
