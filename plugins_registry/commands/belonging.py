"""Verbs about what plugins own and leave: uninstall, bin, restore, export."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from plugins_registry import services, waiting
from plugins_registry.commands.parsers import Verbs, add_json, add_verb, add_wait
from plugins_registry.commands.terminal import Terminal
from plugins_registry.conf import conf
from plugins_registry.exceptions import RegistryError
from plugins_registry.queries import bin_entries, effective_config
from plugins_registry.services.exporting import Estate


def register(verbs: Verbs) -> None:
    """Add this group's parsers."""
    parser = add_verb(verbs, "uninstall", uninstall)
    data = parser.add_mutually_exclusive_group()
    data.add_argument("--purge", action="store_true", help="remove its data at once, for good")
    data.add_argument(
        "--keep-data", action="store_true", help="into the bin, with its data (the default)"
    )
    parser.add_argument("--force", action="store_true", help="also when others need it")
    parser.add_argument("--preview", action="store_true", help="only say what would go")
    add_json(parser)
    add_wait(parser)
    parser = add_verb(verbs, "bin", list_bin, with_name=False)
    parser.add_argument("--purge", metavar="NAME", help="remove this one for good, now")
    add_json(parser)
    add_verb(verbs, "restore", restore)
    parser = add_verb(verbs, "export", export)
    parser.add_argument("--to", type=Path, metavar="FILE", help="the zip; NAME-export.zip if unset")


def uninstall(options: Namespace, terminal: Terminal) -> None:
    """Remove a plugin; its data stays in the bin for some days, or goes at once (--purge)."""
    estate = services.estate(options.name)
    if options.preview:
        _preview(options, terminal, estate)
        return
    if options.wait is not None:
        services.disable(options.name, force=options.force)
        waiting.wait_until_stopped(options.name, seconds=options.wait)
    services.uninstall(options.name, purge=options.purge, force=options.force)
    waiting.settle()  # nobody may make new data while the old is removed
    if options.purge:
        services.purge_belongings(options.name)
        terminal.line(f"{options.name} is uninstalled, and its data is removed")
        return
    terminal.line(
        f"{options.name} is uninstalled. For {conf.BIN_DAYS} days it can come back with its data: "
        f"manage.py plugin restore {options.name}"
    )


def list_bin(options: Namespace, terminal: Terminal) -> None:
    """Show what was uninstalled and can be restored, or remove one of them for good."""
    if options.purge:
        if not services.purge_binned(options.purge):
            raise RegistryError(
                f"not all of {options.purge} could be removed; it is tried again every hour"
            )
        terminal.line(f"{options.purge} is gone for good, with its data")
        return
    entries = bin_entries()
    if options.json:
        terminal.json([asdict(entry) for entry in entries])
    elif not entries:
        terminal.line("the bin is empty")
    else:
        rows = [
            (each.name, each.version, _moment(each.uninstalled_at), _moment(each.goes_at))
            for each in entries
        ]
        terminal.table(("plugin", "release", "uninstalled", "goes for good"), rows)


def restore(options: Namespace, terminal: Terminal) -> None:
    """Bring an uninstalled plugin back from the bin, disabled."""
    plugin = services.restore(options.name)
    terminal.line(
        f"{plugin.release} is restored, disabled. Start it: manage.py plugin enable {plugin.name}"
    )


def export(options: Namespace, terminal: Terminal) -> None:
    """Write a zip with a plugin's tables, keys, files and configuration."""
    target = options.to or Path(f"{options.name}-export.zip")
    try:
        services.export(options.name, target, configuration=effective_config(options.name))
    except FileExistsError as error:
        raise RegistryError(f"{target} exists; name another file with --to") from error
    except OSError as error:
        raise RegistryError(f"{target} cannot be written: {error.strerror}") from error
    terminal.line(f"everything of {options.name} is in {target}; secrets are left out")


def _moment(at: datetime) -> str:
    return at.isoformat(timespec="seconds")


def _preview(options: Namespace, terminal: Terminal, estate: Estate) -> None:
    if options.json:
        terminal.json(asdict(estate))
        return
    terminal.line(f"uninstalling {options.name} would take away:")
    for kind, counts in estate.belongings.items():
        told = ", ".join(f"{count} {what}" for what, count in counts.items())
        terminal.line(f"  {kind}: {told or 'nothing'}")
    terminal.line(f"  releases: {estate.releases}")
    terminal.line(f"  paths: {', '.join(estate.paths) or 'none'}")
    for label, holders in estate.permissions.items():
        terminal.line(f"  permission {label}: held by {holders} users and groups")
    terminal.line(f"  events that wait for it: {estate.queued_events}")
    terminal.line(f"  granted capabilities: {', '.join(estate.grants) or 'none'}")
    kept = f"all but the waiting events can be restored for {conf.BIN_DAYS} days"
    terminal.line("nothing can be restored" if options.purge else kept)
