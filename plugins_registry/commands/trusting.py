"""Verbs of trust: grant, revoke, permit, refresh."""

from __future__ import annotations

from argparse import Namespace

from plugins_registry import capabilities, services, waiting
from plugins_registry.commands.parsers import Verbs, add_verb
from plugins_registry.commands.terminal import Terminal


def register(verbs: Verbs) -> None:
    """Add this group's parsers."""
    for verb in (grant, revoke):
        parser = add_verb(verbs, verb.__name__, verb)
        parser.add_argument(
            "capabilities", nargs="+", metavar="CAPABILITY", help="as in message_send"
        )
    add_verb(verbs, "refresh", refresh, with_name=False)
    parser = add_verb(verbs, "permit", permit, with_name=False)
    parser.add_argument("user", help="the user's name")
    parser.add_argument("permissions", nargs="+", metavar="PERMISSION", help="as in polls.manage")


def refresh(options: Namespace, terminal: Terminal) -> None:
    """Let all processes read anew what plugins and users may do, after changes made by SQL."""
    services.refresh()
    waiting.settle()
    terminal.line("everything is read anew")


def grant(options: Namespace, terminal: Terminal) -> None:
    """Allow capabilities to a plugin, at once."""
    services.grant(options.name, options.capabilities)
    waiting.settle()
    terminal.line(f"{options.name} may now: {', '.join(options.capabilities)}")
    for capability in options.capabilities:
        terminal.line(f"  {capabilities.meaning(capability)}")


def revoke(options: Namespace, terminal: Terminal) -> None:
    """Take capabilities from a plugin, at once; disables it when it requires one of them."""
    plugin = services.revoke(options.name, options.capabilities)
    waiting.settle()
    terminal.line(f"{plugin.name} may no longer: {', '.join(options.capabilities)}")
    if not plugin.is_enabled:
        terminal.line(f"{plugin.name} is disabled")


def permit(options: Namespace, terminal: Terminal) -> None:
    """Give a user permissions that plugins declare."""
    services.permit(options.user, options.permissions)
    waiting.settle()
    terminal.line(f"{options.user} holds: {', '.join(options.permissions)}")
