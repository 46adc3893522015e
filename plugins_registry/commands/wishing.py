"""Verbs that wish: enable, disable, restart, policy."""

from __future__ import annotations

from argparse import Namespace

from plugins_registry import services, waiting
from plugins_registry.commands.parsers import Verbs, add_verb, add_wait
from plugins_registry.commands.terminal import Terminal
from plugins_registry.states import FailPolicy


def register(verbs: Verbs) -> None:
    """Add this group's parsers."""
    for verb in (enable, disable, restart):
        parser = add_verb(verbs, verb.__name__, verb)
        add_wait(parser)
        if verb is disable:
            parser.add_argument("--force", action="store_true", help="also when others need it")
    parser = add_verb(verbs, "policy", policy)
    parser.add_argument(
        "--fail-policy",
        choices=FailPolicy.values,
        help="open: messages pass while it cannot answer; closed: they are refused",
    )
    parser.add_argument(
        "--priority", type=int, metavar="NUMBER", help="filters are asked from the lowest upwards"
    )
    parser.add_argument("--deadline-ms", type=int, metavar="MS", help="how long a filter may take")
    add_wait(parser)


def enable(options: Namespace, terminal: Terminal) -> None:
    """Ask for a plugin to run."""
    services.enable(options.name)
    report_active(options, terminal, "enabled")


def disable(options: Namespace, terminal: Terminal) -> None:
    """Ask for a plugin to stop; its configuration and grants stay."""
    services.disable(options.name, force=options.force)
    if options.wait is None:
        terminal.line(f"{options.name} is disabled; the supervisor stops it")
        return
    waiting.wait_until_stopped(options.name, seconds=options.wait)
    waiting.settle()
    terminal.line(f"{options.name} is disabled and stopped")


def restart(options: Namespace, terminal: Terminal) -> None:
    """Ask for a fresh start, also of a quarantined plugin."""
    services.restart(options.name)
    report_active(options, terminal, "restarted")


def policy(options: Namespace, terminal: Terminal) -> None:
    """Show or change how a plugin's filters are asked."""
    plugin = services.set_policy(
        options.name,
        fail_policy=options.fail_policy,
        priority=options.priority,
        deadline_ms=options.deadline_ms,
    )
    if options.wait is not None:
        waiting.settle()
    terminal.line(
        f"{plugin.name}: fail policy {plugin.fail_policy}, priority {plugin.priority}, "
        f"deadline {plugin.deadline_ms} ms"
    )


def report_active(options: Namespace, terminal: Terminal, done: str) -> None:
    """Say what was wished; with `--wait`, wait until the plugin answers calls."""
    if options.wait is None:
        terminal.line(f"{options.name} is {done}; the supervisor starts it")
        return
    waiting.wait_until_active(options.name, seconds=options.wait)
    waiting.settle()
    terminal.line(f"{options.name} is {done} and active")
