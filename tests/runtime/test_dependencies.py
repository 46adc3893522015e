"""Packages inside the sandbox, and plugins that wait for each other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from plexichat.bootstrap import package_sources
from plugins_registry import services
from plugins_registry.exceptions import PackageRefused
from plugins_registry.services.installing import Consent
from tests.platform import Platform
from tests.registry.wheels import wheel, wheel_name
from tests.waiting import wait_for

Post = Callable[[str], Any]

USES_TINY = """
from plexichat_plugin_sdk import Plugin, hook
import tiny

class Uses(Plugin):
    @hook("message_sent")
    def check(self, message) -> dict:
        message["content"] = f"tiny {tiny.VERSION}"
        return message
"""
DOES_NOTHING = "from plexichat_plugin_sdk import Plugin\nclass Idle(Plugin): pass\n"
COMPUTES = """
from plexichat_plugin_sdk import Plugin, hook
import numpy
import pandas

class Computes(Plugin):
    @hook("message_sent")
    def check(self, message) -> dict:
        square = numpy.arange(1.0, 10_001.0).reshape(100, 100) + numpy.eye(100) * 1e6
        is_right = numpy.allclose(numpy.linalg.inv(square) @ square, numpy.eye(100))
        sums = pandas.DataFrame({"k": [0, 1] * 5, "v": range(10)}).groupby("k").v.sum().tolist()
        message["content"] = f"{is_right} {sums}"
        return message
"""


@pytest.fixture(autouse=True)
def _no_index(settings: Settings) -> None:
    settings.PLEXICHAT_PACKAGE_OFFLINE = True
    settings.PLEXICHAT_PACKAGE_SOURCES = dict


def bundle(folder: Path, version: str) -> None:
    """Put a wheel into a package."""
    (folder / "wheels").mkdir()
    (folder / "wheels" / wheel_name("tiny", version)).write_bytes(wheel("tiny", version))


def needing(platform: Platform, name: str, *needs: str) -> Path:
    """A plugin that needs others."""
    manifest = f"dependencies:\n  plugins: {list(needs)}\n" if needs else ""
    return platform.write(name, DOES_NOTHING, manifest=manifest)


def test_each_release_runs_with_packages_of_its_own(platform: Platform, post: Post) -> None:
    source = platform.write("uses", USES_TINY, manifest="dependencies: {packages: [tiny]}\n")
    bundle(source, "1.0")
    platform.install(source)
    assert post("hello").content == "tiny 1.0"

    newer = source.rename(source.with_name("newer"))
    (newer / "wheels" / wheel_name("tiny", "1.0")).unlink()
    (newer / "wheels").rmdir()
    bundle(newer, "2.0")
    manifest = (newer / "plugin.yaml").read_text().replace("1.0.0", "2.0.0")
    (newer / "plugin.yaml").write_text(manifest)
    services.upgrade("uses", newer, Consent(allow_unsigned=True))
    wait_for(lambda: post("hello").content == "tiny 2.0", what="the new release's package")

    services.rollback("uses")
    wait_for(lambda: post("hello").content == "tiny 1.0", what="the old release's package")


def test_plugins_start_after_those_they_need(platform: Platform) -> None:
    sources = [needing(platform, "zero"), needing(platform, "one", "zero>=1")]
    for source in (*sources, needing(platform, "two", "one")):
        services.install(source, allow_unsigned=True)
    for name in ("two", "one"):
        services.enable(name)

    def reason(name: str) -> str:
        return str(platform.plugin(name).reason)

    wait_for(lambda: "waits for one " in reason("two"), what="the outer one to wait")
    wait_for(lambda: "waits for zero>=1 " in reason("one"), what="the middle one to wait")
    services.enable("zero")
    for name in ("zero", "one", "two"):
        platform.wait_for_state(name, "active")


def test_a_plugin_runs_on_without_what_it_needed_until_its_next_start(platform: Platform) -> None:
    for source in (needing(platform, "base"), needing(platform, "top", "base")):
        platform.install(source)
    services.disable("base", force=True)
    platform.wait_for_state("base", "stopped")
    assert platform.plugin("top").state == "active"
    platform.kill("top")
    wait_for(lambda: "waits for base " in platform.plugin("top").reason, what="top to wait")
    services.enable("base")
    platform.wait_for_state("top", "active")


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_numpy_and_pandas_run_inside_the_sandbox(
    platform: Platform, post: Post, settings: Settings
) -> None:
    settings.PLEXICHAT_PACKAGE_OFFLINE = False
    settings.PLEXICHAT_PACKAGE_SOURCES = package_sources
    source = platform.write(
        "computes", COMPUTES, manifest="dependencies: {packages: ['numpy>=1.21', pandas]}\n"
    )
    try:
        services.install(source, allow_unsigned=True)
    except PackageRefused as refusal:
        if "cannot be reached" not in str(refusal):
            raise
        pytest.skip("no package index can be reached, so numpy and pandas were not tried")
    services.set_policy("computes", deadline_ms=10_000)
    services.enable("computes")
    platform.wait_for_state("computes", "active", seconds=60)
    assert post("hello").content == "True [20, 25]"
