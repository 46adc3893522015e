"""Verbs about events: deliveries, shadow, enforce, shadow-report."""

from __future__ import annotations

from argparse import Namespace
from collections import defaultdict
from dataclasses import asdict
from typing import Any

from django.db.models import QuerySet

from plugins_registry import queries, services, waiting
from plugins_registry.commands.parsers import Verbs, add_json, add_verb, add_wait
from plugins_registry.commands.terminal import Terminal, one_line
from plugins_registry.exceptions import RegistryError
from plugins_registry.models import Delivery
from plugins_registry.services.changes import find
from plugins_registry.states import DeliveryState, Mode

#: Deliveries that are listed for people; programs get all.
LISTED = 100


def register(verbs: Verbs) -> None:
    """Add this group's parsers."""
    parser = add_verb(verbs, "deliveries", deliveries, with_name=False)
    parser.add_argument("name", nargs="?", help="only this plugin's")
    parser.add_argument("--state", choices=DeliveryState.values, help="only those in this state")
    parser.add_argument("--id", type=int, action="append", help="only this one; repeatable")
    act = parser.add_mutually_exclusive_group()
    act.add_argument("--retry", action="store_true", help="deliver the dead ones again")
    act.add_argument("--drop", action="store_true", help="give up; the dead ones unless chosen")
    add_json(parser)
    for verb in (shadow, enforce):
        add_wait(add_verb(verbs, verb.__name__, verb))
    add_json(add_verb(verbs, "shadow-report", shadow_report))


def deliveries(options: Namespace, terminal: Terminal) -> None:
    """List, retry or drop what is owed to plugins."""
    chosen = _chosen(options)
    if options.retry:
        _say(options, terminal, "retried", _retry(chosen, options.state))
    elif options.drop:
        _say(options, terminal, "dropped", _drop(chosen, options))
    elif options.json:
        terminal.json([_row(delivery) for delivery in chosen.select_related("event")])
    else:
        _list(chosen, terminal)


def shadow(options: Namespace, terminal: Terminal) -> None:
    """Ask a plugin's filters and only record what they say."""
    _set_mode(options, Mode.SHADOW)
    terminal.line(
        f"{options.name} is in shadow mode: its filters change nothing. What they would have "
        f"done: manage.py plugin shadow-report {options.name}"
    )


def enforce(options: Namespace, terminal: Terminal) -> None:
    """Let the verdicts of a plugin's filters count."""
    _set_mode(options, Mode.ENFORCE)
    terminal.line(f"{options.name} is enforced: its filters may change and block messages")


def shadow_report(options: Namespace, terminal: Terminal) -> None:
    """Tell what a plugin in shadow mode would have done."""
    plugin = find(options.name)
    report = queries.shadow_report(plugin.name)
    if options.json:
        terminal.json({"plugin": plugin.name, "mode": plugin.mode, **asdict(report)})
        return
    terminal.line(
        f"{plugin.name} would have blocked {report.would_block:,} of {report.asked:,}, changed "
        f"{report.would_change:,}, and failed at {report.failed:,}"
    )
    if report.examples:
        head = ("message", "verdict", "reason", "before", "after")
        terminal.table(head, ([one_line(cell) for cell in _cells(row)] for row in report.examples))


def _cells(entry: services.TraceEntry) -> tuple[Any, ...]:
    before, after = (_content(fields) for fields in (entry.before, entry.after))
    return entry.message_id, entry.verdict, entry.reason, before, after


def _content(fields: dict[str, Any] | None) -> Any:
    return (fields or {}).get("content", "")


def _set_mode(options: Namespace, mode: Mode) -> None:
    services.set_mode(options.name, mode)
    if options.wait is not None:
        waiting.settle()


def _chosen(options: Namespace) -> QuerySet[Delivery]:
    chosen = Delivery.objects.order_by("id")
    if options.name:
        chosen = chosen.filter(plugin=find(options.name))
    if options.state:
        chosen = chosen.filter(state=options.state)
    return chosen.filter(pk__in=options.id) if options.id else chosen


def _retry(chosen: QuerySet[Delivery], state: str | None) -> int:
    if state not in (None, DeliveryState.DEAD):
        raise RegistryError(
            f"nothing was retried: a delivery that is {state} cannot be, only dead ones can. "
            f"Leave --state {state} away"
        )
    dead = _by_plugin(chosen.filter(state=DeliveryState.DEAD))
    return sum(services.retry_deliveries(name, ids=keys) for name, keys in dead.items())


def _drop(chosen: QuerySet[Delivery], options: Namespace) -> int:
    if options.state == DeliveryState.DONE:
        raise RegistryError(
            "nothing was dropped: what is done cannot be. Choose --state dead or --state waiting"
        )
    if not options.state and not options.id:
        chosen = chosen.filter(state=DeliveryState.DEAD)
    given = _by_plugin(chosen)
    return sum(services.drop_deliveries(name, ids=keys) for name, keys in given.items())


def _by_plugin(chosen: QuerySet[Delivery]) -> dict[str, list[int]]:
    keys: dict[str, list[int]] = defaultdict(list)
    # Deliveries of a plugin that was just uninstalled are the sweep's business.
    there = chosen.filter(plugin__pk__isnull=False)
    for plugin, key in there.values_list("plugin__name", "id"):
        keys[plugin].append(key)
    return keys


def _say(options: Namespace, terminal: Terminal, done: str, count: int) -> None:
    if options.json:
        terminal.json({done: count})
    else:
        terminal.line(f"{count:,} {'delivery was' if count == 1 else 'deliveries were'} {done}")


def _list(chosen: QuerySet[Delivery], terminal: Terminal) -> None:
    rows = [_row(delivery) for delivery in chosen.select_related("event")[:LISTED]]
    if not rows:
        terminal.line("no deliveries")
        return
    keys = ("id", "plugin", "hook", "state", "attempts", "occurred_at", "error")
    terminal.table(keys, ([one_line(row[key]) for key in keys] for row in rows))
    if (total := chosen.count()) > len(rows):
        terminal.line(f"and {total - len(rows):,} more; --json writes all")


def _row(delivery: Delivery) -> dict[str, Any]:
    return {
        "id": delivery.pk,
        "plugin": delivery.plugin_id,
        "hook": delivery.hook,
        "state": delivery.state,
        "attempts": delivery.attempts,
        "occurred_at": delivery.event.occurred_at.isoformat(timespec="seconds"),
        "due_at": delivery.due_at.isoformat(timespec="seconds"),
        "event_id": str(delivery.event_id),
        "origin": delivery.event.origin,
        "error": delivery.error,
        "traceback": delivery.traceback,
    }
