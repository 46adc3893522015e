"""Verbs that exchange releases: upgrade, rollback."""

from __future__ import annotations

from argparse import Namespace

from plugins_registry import services, waiting
from plugins_registry.commands.catalogue import add_catalogue_choice
from plugins_registry.commands.parsers import Verbs, add_verb, add_wait
from plugins_registry.commands.reviewing import tell_changes
from plugins_registry.commands.terminal import Terminal
from plugins_registry.models import Upgrade
from plugins_registry.review import differences
from plugins_registry.services.installing import Consent
from plugins_registry.states import UpgradeState


def register(verbs: Verbs) -> None:
    """Add this group's parsers."""
    parser = add_verb(verbs, "upgrade", upgrade)
    parser.add_argument(
        "source",
        nargs="?",
        default="",
        help="a folder or zip, or NAME==VERSION; the newest of a catalogue if unset",
    )
    add_catalogue_choice(parser)
    parser.add_argument("--grant-all", action="store_true", help="grant all that it asks for")
    parser.add_argument(
        "--grant",
        action="append",
        default=[],
        metavar="CAPABILITY",
        help="grant this one; repeatable",
    )
    parser.add_argument("--allow-unsigned", action="store_true", help="nobody vouches for it; I do")
    parser.add_argument("--downgrade", action="store_true", help="an older release is meant")
    add_wait(parser)
    parser = add_verb(verbs, "rollback", rollback)
    parser.add_argument("--to", default="", metavar="VERSION", help="another kept release")
    add_wait(parser)


def upgrade(options: Namespace, terminal: Terminal) -> None:
    """Try another release beside the one that runs; it takes over when it stands its trial."""
    consent = Consent(
        allow_unsigned=options.allow_unsigned,
        grants=tuple(options.grant),
        grant_all=options.grant_all,
    )
    with services.offered(
        options.source or options.name,
        catalogue=options.catalogue,
        insist=options.now,
        listener=terminal.step,
        only_offers=not options.source,
    ) as source:
        begun = services.upgrade(
            options.name,
            source,
            consent,
            downgrade=options.downgrade,
            listener=terminal.step,
        )
    if begun.from_release is not None and begun.to_release is not None:
        changes = differences(begun.from_release, begun.to_release)
        tell_changes(changes, terminal, since=begun.from_version)
    if begun.state == UpgradeState.DONE:
        terminal.line(f"{options.name} {begun.to_version} has taken {_place(begun)}")
        return
    if options.wait is None:
        terminal.line(
            f"{options.name} {begun.to_version} is on trial beside {begun.from_version}; see: "
            f"manage.py plugin show {options.name}"
        )
        return
    ended = waiting.wait_until_tried(begun.pk, seconds=options.wait)
    waiting.settle()
    _report(ended, terminal)


def rollback(options: Namespace, terminal: Terminal) -> None:
    """Return to an earlier release that is kept."""
    done = services.rollback(options.name, version=options.to)
    if options.wait is not None and done.plugin.is_enabled:
        waiting.wait_until_active(options.name, seconds=options.wait)
        waiting.settle()
    terminal.line(f"{options.name} is back at {done.to_version}")


def _report(ended: Upgrade, terminal: Terminal) -> None:
    replay = ended.report.get("replay", {})
    if replay.get("asked"):
        terminal.line(
            f"of {replay['asked']} recent messages it judged {replay['different']} otherwise"
        )
        for change, count in replay["changes"].items():
            terminal.line(f"  {change}: {count}")
    terminal.line(f"{ended.plugin.name} {ended.to_version} has taken {_place(ended)}")


def _place(upgrade: Upgrade) -> str:
    return f"the place of {upgrade.from_version}" if upgrade.from_version else "its place"
