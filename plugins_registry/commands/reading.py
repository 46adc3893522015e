"""Verbs that read: list, show, problems."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from plugins_registry import queries, services
from plugins_registry.commands.parsers import Verbs, add_json, add_verb
from plugins_registry.commands.reviewing import tell_report
from plugins_registry.commands.terminal import Terminal, indented, one_line
from plugins_registry.dependencies import packages_of
from plugins_registry.models import Plugin, Problem
from plugins_registry.queries.life import kept_releases, last_stages, last_upgrade
from plugins_registry.scanning import Report
from plugins_registry.services.changes import find

#: Facts that `show` writes in a form of their own.
NOT_ON_ONE_LINE = frozenset({"manifest", "stack", "releases", "upgrade", "stages", "scan"})


def register(verbs: Verbs) -> None:
    """Add this group's parsers."""
    add_json(add_verb(verbs, "list", list_plugins, with_name=False))
    add_json(add_verb(verbs, "show", show))
    parser = add_verb(verbs, "problems", problems, with_name=False)
    parser.add_argument("name", nargs="?", help="only this plugin's")
    parser.add_argument("--all", action="store_true", help="dismissed ones too")
    parser.add_argument("--dismiss", type=int, metavar="ID", help="I have seen this one")
    parser.add_argument(
        "--show", type=int, metavar="ID", help="this one in full, with its traceback"
    )
    add_json(parser)


def list_plugins(options: Namespace, terminal: Terminal) -> None:
    """List the installed plugins with wish, state and reason."""
    rows = [_summary(plugin) for plugin in Plugin.objects.select_related("release")]
    if options.json:
        terminal.json(rows)
    elif not rows:
        terminal.line("no plugin is installed; install one: manage.py plugin install SOURCE")
    else:
        keys = ("name", "version", "wanted", "state", "priority", "reason")
        terminal.table(keys, ([one_line(row[key]) for key in keys] for row in rows))


def show(options: Namespace, terminal: Terminal) -> None:
    """Show all that is known about one plugin."""
    facts = _facts(find(options.name))
    if options.json:
        terminal.json(facts)
        return
    for key, value in facts.items():
        if key not in NOT_ON_ONE_LINE:
            terminal.line(indented(f"{key}: {_written(value)}"))
    _show_life(facts, terminal)
    if facts["scan"]:
        tell_report(Report.from_json(facts["scan"]), terminal)
    if facts["stack"]:
        terminal.line(indented(f"last stack:\n{facts['stack']}"))


def _show_life(facts: dict[str, Any], terminal: Terminal) -> None:
    for release in facts["releases"]:
        runs = "runs" if release["runs"] else "kept"
        terminal.line(f"release {release['version']}: {runs}, {release['signature']}")
    if upgrade := facts["upgrade"]:
        how = upgrade["reason"] or upgrade["step"]
        path = f"{upgrade['from']} to {upgrade['to']}"
        terminal.line(indented(f"last upgrade: {path}: {upgrade['state']} {how}".rstrip()))
    for stage in facts["stages"]:
        terminal.line(indented(f"{stage['at']} {stage['stage']} {stage['reason']}".rstrip()))


def problems(options: Namespace, terminal: Terminal) -> None:
    """List what an admin should look at."""
    if options.dismiss is not None:
        services.dismiss(options.dismiss)
    found = Problem.objects.select_related("plugin")
    if options.name:
        found = found.filter(plugin=find(options.name))
    if not options.all and options.show is None:
        found = found.filter(dismissed=False)
    if options.show is not None:
        found = found.filter(pk=options.show)
    rows = [_problem(problem) for problem in found]
    if options.json:
        terminal.json(rows)
    elif not rows:
        which = "no problems" if options.show is None else f"no problem has the id {options.show}"
        terminal.line(which)
    elif options.show is not None:
        _tell_problem(rows[0], terminal)
    else:
        keys = ("id", "plugin", "count", "last_seen", "message")
        terminal.table(keys, ([one_line(row[key]) for key in keys] for row in rows))


def _tell_problem(row: dict[str, Any], terminal: Terminal) -> None:
    details = {name: value for name, value in row.pop("details").items() if value}
    for name, value in (row | details).items():
        gap = "\n" if "\n" in str(value) else " "
        terminal.line(indented(f"{name}:{gap}{value}"))


def _summary(plugin: Plugin) -> dict[str, Any]:
    return {
        "name": plugin.name,
        "version": plugin.release.version if plugin.release else "",
        "wanted": plugin.wanted,
        "state": plugin.state,
        "priority": plugin.priority,
        "reason": plugin.reason,
    }


def _facts(plugin: Plugin) -> dict[str, Any]:
    release = plugin.release
    return {
        **_summary(plugin),
        "since": plugin.since.isoformat(),
        "sandbox_level": plugin.level,
        "sandbox_layers": plugin.layers,
        "fail_policy": plugin.fail_policy,
        "deadline_ms": plugin.deadline_ms,
        "mode": plugin.mode,
        "grants": list(plugin.grants.values_list("capability", flat=True)),
        "network": queries.last_traffic(plugin.name),
        "digest": release.digest if release else "",
        "signature": release.signature if release else "",
        "packages": [str(package) for package in packages_of(release.lock)] if release else [],
        "description": release.description if release else None,
        "config": queries.effective_config(plugin.name),
        "config_problems": queries.config_problems(plugin.name),
        "manifest": release.manifest if release else None,
        "scan": release.scan if release else None,
        "stack": plugin.stack,
        "releases": kept_releases(plugin),
        "upgrade": last_upgrade(plugin),
        "stages": last_stages(plugin),
    }


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "id": problem.pk,
        "plugin": problem.plugin.name if problem.plugin else None,
        "key": problem.key,
        "message": problem.message,
        "count": problem.count,
        "first_seen": problem.first_seen.isoformat(timespec="seconds"),
        "last_seen": problem.last_seen.isoformat(timespec="seconds"),
        "details": problem.details,
        "dismissed": problem.dismissed,
    }


def _written(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "-"
    return "-" if value in (None, "") else str(value)
