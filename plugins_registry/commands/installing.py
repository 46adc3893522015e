"""Verbs about packages: check, install."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from plugins_registry import capabilities, services
from plugins_registry.commands.catalogue import add_catalogue_choice
from plugins_registry.commands.parsers import Verbs, add_json, add_verb, add_wait
from plugins_registry.commands.reviewing import tell_changes, tell_findings, tell_report
from plugins_registry.commands.terminal import Terminal
from plugins_registry.commands.wishing import report_active
from plugins_registry.manifest import Manifest
from plugins_registry.manifest.quantities import written_cpu, written_memory
from plugins_registry.models import Plugin
from plugins_registry.package.inspecting import Inspection
from plugins_registry.review import differences
from plugins_registry.services.installing import Consent, Installation, bring_in
from plugins_registry.services.reviewing import accepted, inspected


def register(verbs: Verbs) -> None:
    """Add this group's parsers."""
    parser = add_verb(verbs, "check", check, with_name=False)
    parser.add_argument("source", type=Path, help="a plugin's folder or zip archive")
    add_json(parser)
    parser = add_verb(verbs, "install", install, with_name=False)
    parser.add_argument(
        "source", help="a plugin's folder or zip archive, or NAME or NAME==VERSION of a catalogue's"
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
    parser.add_argument("--enable", action="store_true", help="and ask for it to run")
    parser.add_argument("--allow-unsigned", action="store_true", help="nobody vouches for it; I do")
    add_wait(parser)


def check(options: Namespace, terminal: Terminal) -> None:
    """Say everything that keeps a package from being installed; installs nothing."""
    with inspected(options.source) as inspection:
        manifest = accepted(options.source, inspection)
        if options.json:
            terminal.json(_as_json(manifest, inspection))
        else:
            _describe(manifest, inspection, terminal)


def install(options: Namespace, terminal: Terminal) -> None:
    """Install a plugin from a folder, a zip archive or a catalogue."""
    consent = Consent(
        allow_unsigned=options.allow_unsigned,
        grants=tuple(options.grant),
        grant_all=options.grant_all,
    )
    with services.offered(
        options.source, catalogue=options.catalogue, insist=options.now, listener=terminal.step
    ) as source:
        installation = bring_in(source, consent, listener=terminal.step)
    _report(installation, terminal)
    if options.enable:
        options.name = installation.plugin.name
        services.enable(options.name)
        report_active(options, terminal, "enabled")


def _report(installation: Installation, terminal: Terminal) -> None:
    for warning in installation.warnings:
        terminal.line(f"warning: {warning}")
    release = installation.plugin.release
    if release and installation.is_new and (report := release.scanned):
        tell_findings(report, terminal, notes=False)
    done = "is installed" if installation.is_new else "was already installed; nothing changed"
    terminal.line(f"{release} {done}")


def _describe(manifest: Manifest, inspection: Inspection, terminal: Terminal) -> None:
    for warning in inspection.warnings:
        terminal.line(f"warning: {warning}")
    limits = manifest.limits
    terminal.line(f"{manifest.name} {manifest.version} can be installed")
    terminal.line(f"  files: {len(inspection.files)}, sha256 {inspection.digest}")
    terminal.line(
        f"  limits: cpu {written_cpu(limits.cpu_millicores)}, "
        f"memory {written_memory(limits.memory_bytes)}"
    )
    terminal.line(f"  requires: {', '.join(manifest.required_capabilities) or 'nothing'}")
    terminal.line(f"  would like: {', '.join(manifest.optional_capabilities) or 'nothing'}")
    for capability in manifest.capabilities:
        terminal.line(f"    {capabilities.meaning(capability)}")
    terminal.line(f"  packages: {', '.join(manifest.packages) or 'none'}")
    terminal.line(f"  plugins: {', '.join(manifest.plugins) or 'none'}")
    terminal.line(f"  hooks: {', '.join(manifest.hooks) or 'what its code handles'}")
    claims = "what its code declares"
    if manifest.endpoints is not None:
        claims = ", ".join(manifest.endpoints) or "none"
    terminal.line(f"  endpoints: {claims}")
    tell_report(inspection.report, terminal)
    plugin = Plugin.objects.select_related("release__plugin").filter(name=manifest.name).first()
    installed = plugin.release if plugin else None
    if installed is not None and installed.digest != inspection.digest:
        tell_changes(differences(installed, inspection), terminal, since=str(installed))


def _as_json(manifest: Manifest, inspection: Inspection) -> dict[str, object]:
    return {
        "manifest": manifest.model_dump(mode="json"),
        "digest": inspection.digest,
        "files": [file.path for file in inspection.files],
        "warnings": list(inspection.warnings),
        "scan": inspection.report.to_json() if inspection.report else None,
    }
