"""Plugins that need plugins: at install, upgrade, enable, disable and uninstall."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from plugins_registry import queries, services
from plugins_registry.dependencies.needs import need_of
from plugins_registry.dependencies.plugins import Installed, cycle_of
from plugins_registry.exceptions import DependentsEnabled, PackageRefused, PluginsMissing
from plugins_registry.models import Plugin, Release
from plugins_registry.services.installing import Consent
from tests.registry.conftest import Install, Write

pytestmark = [pytest.mark.django_db]

NEEDS_BASE = "dependencies: {plugins: ['base>=1.0,<2']}"


@pytest.fixture
def pair(install: Install) -> None:
    """`top`, enabled, which needs `base`, enabled."""
    for name, manifest in (("base", ""), ("top", NEEDS_BASE)):
        install(name, manifest)
        services.enable(name)


def test_what_is_needed_must_be_there_first(install: Install) -> None:
    with pytest.raises(PackageRefused, match="needs the plugin 'base', which is not installed"):
        install("top", NEEDS_BASE)
    install("base")
    assert install("top", NEEDS_BASE).name == "top"


def test_what_is_needed_must_be_there_in_a_fitting_release(install: Install) -> None:
    install("base", version="2.1")
    with pytest.raises(PackageRefused, match=r"needs 'base>=1.0,<2', and base 2.1 is installed"):
        install("top", NEEDS_BASE)


def test_everything_that_does_not_fit_is_said_at_once(install: Install) -> None:
    install("two")
    files = {"wheels/misnamed.whl": b""}
    with pytest.raises(PackageRefused) as refusal:
        install("top", "dependencies: {plugins: [one, 'two>1']}", files=files)
    assert len(refusal.value.problems) == 3


@pytest.mark.parametrize(
    ("graph", "cycle"),
    [
        ({"a": ["a"]}, ["a", "a"]),
        ({"a": ["b"], "b": ["a"]}, ["a", "b", "a"]),
        ({"a": ["b", "c"], "b": ["d"], "c": ["a"], "d": []}, ["a", "c", "a"]),
        ({"a": ["b"], "b": ["c"], "c": ["b"]}, []),
        ({"a": ["b"], "b": []}, []),
    ],
    ids=["itself", "pair", "shortest", "others' circle", "none"],
)
def test_circles_are_found(graph: dict[str, list[str]], cycle: list[str]) -> None:
    plugins = {
        name: Installed(version="1", needs=tuple(map(need_of, needs)))
        for name, needs in graph.items()
    }
    assert cycle_of("a", plugins) == cycle


def test_an_upgrade_that_closes_a_circle_is_refused_by_name(
    install: Install, write: Write, pair: None
) -> None:
    source = write("base", "dependencies: {plugins: [top]}", version="1.1", folder="newer")
    with pytest.raises(PackageRefused, match="base → top → base"):
        services.upgrade("base", source, Consent(allow_unsigned=True))


@pytest.mark.parametrize(("version", "fits"), [("1.5", True), ("2.0", False)], ids=["fits", "not"])
def test_an_upgrade_leaves_no_dependent_behind(
    version: str, fits: bool, write: Write, pair: None
) -> None:
    source = write("base", version=version, folder="newer")
    if fits:
        assert services.upgrade("base", source, Consent(allow_unsigned=True))
        return
    with pytest.raises(PackageRefused, match=r"'top' needs 'base>=1.0,<2', which 2.0 is not"):
        services.upgrade("base", source, Consent(allow_unsigned=True))


@pytest.mark.parametrize(
    "verb", [services.disable, services.uninstall], ids=["disable", "uninstall"]
)
def test_what_others_need_is_not_taken_from_them(verb: Callable[..., object], pair: None) -> None:
    with pytest.raises(DependentsEnabled, match="top needs it") as refusal:
        verb("base")
    assert "--force" in str(refusal.value)
    assert Plugin.objects.get(name="base").is_enabled


@pytest.mark.parametrize(
    "verb", [services.disable, services.uninstall], ids=["disable", "uninstall"]
)
def test_what_others_need_can_be_taken_by_insisting(
    verb: Callable[..., object], pair: None
) -> None:
    verb("base", force=True)
    assert not Plugin.objects.filter(name="base", wanted="enabled").exists()


def test_what_nobody_needs_any_more_can_be_disabled(pair: None) -> None:
    services.disable("top")
    services.disable("base")


def test_a_plugin_cannot_be_enabled_when_what_it_needs_is_gone(pair: None) -> None:
    services.disable("top")
    services.uninstall("base")
    with pytest.raises(PluginsMissing, match="install that first"):
        services.enable("top")


def test_the_supervisor_is_told_what_a_plugin_needs(pair: None) -> None:
    base, top = queries.wanted_plugins()
    assert base.needs == ()
    [need] = top.needs
    assert (need.plugin, need.is_met_by("1.9"), need.is_met_by("2.0")) == ("base", True, False)
    assert Release.objects.count() == 2
