"""Plugins that need other plugins: whether those are there, and whether anybody waits for itself.

Pure: the installed plugins are given as `{name: Installed}`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from plugins_registry.dependencies.needs import Need


@dataclass(frozen=True, kw_only=True)
class Installed:
    """An installed plugin, as far as others depend on it."""

    version: str
    needs: tuple[Need, ...] = ()


def plugin_problems(name: str, offered: Installed, installed: Mapping[str, Installed]) -> list[str]:
    """Everything that keeps a release from fitting among the installed plugins."""
    others = {other: facts for other, facts in installed.items() if other != name}
    # A circle of one is told as a circle.
    needs = [need for need in offered.needs if need.plugin != name]
    cycle = cycle_of(name, {**others, name: offered})
    return [
        *unmet(needs, others),
        *([_cycle_sentence(cycle)] if cycle else []),
        *_left_behind(name, offered.version, others),
    ]


def unmet(needs: Iterable[Need], installed: Mapping[str, Installed]) -> list[str]:
    """What is needed and not installed in a fitting release, one sentence each."""
    return [problem for need in needs if (problem := _unmet(need, installed))]


def cycle_of(name: str, plugins: Mapping[str, Installed]) -> list[str]:
    """The shortest way from a plugin back to itself, both ends included; empty without one."""
    ways = [[name]]
    seen: set[str] = set()
    for way in ways:  # grows while it is walked
        known = plugins.get(way[-1])
        for need in known.needs if known else ():
            if need.plugin == name:
                return [*way, name]
            if need.plugin not in seen:
                seen.add(need.plugin)
                ways.append([*way, need.plugin])
    return []


def dependents_of(name: str, plugins: Mapping[str, Installed]) -> list[str]:
    """Who needs this plugin directly, by name."""
    return sorted(
        other
        for other, facts in plugins.items()
        if any(need.plugin == name for need in facts.needs)
    )


def _unmet(need: Need, installed: Mapping[str, Installed]) -> str | None:
    if need.plugin not in installed:
        return (
            f"dependencies.plugins: it needs the plugin {need.plugin!r}, which is not installed; "
            f"install that first"
        )
    version = installed[need.plugin].version
    if need.is_met_by(version):
        return None
    return (
        f"dependencies.plugins: it needs {need.text!r}, and {need.plugin} {version} is installed; "
        f"upgrade {need.plugin} first, or use another release"
    )


def _cycle_sentence(cycle: list[str]) -> str:
    return (
        f"dependencies.plugins: none of these could ever start, since each waits for the next: "
        f"{' → '.join(cycle)}; remove one of these dependencies"
    )


def _left_behind(name: str, version: str, others: Mapping[str, Installed]) -> list[str]:
    """Installed plugins that need this one, but not in this version."""
    return [
        f"the installed plugin {other!r} needs {need.text!r}, which {version} is not; upgrade or "
        f"uninstall {other} first"
        for other, facts in sorted(others.items())
        for need in facts.needs
        if need.plugin == name and not need.is_met_by(version)
    ]
