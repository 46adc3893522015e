"""What a scan found and what a release changes, as text for a review; the manifest's schema."""

from __future__ import annotations

from argparse import Namespace
from collections import Counter
from collections.abc import Sequence

from plugins_registry.commands.parsers import Verbs, add_verb
from plugins_registry.commands.terminal import Terminal, one_line
from plugins_registry.manifest import manifest_schema
from plugins_registry.review import Change
from plugins_registry.scanning import Report, Severity

_FACTS = {
    "handles": "hooks",
    "answers": "endpoints",
    "live at": "sockets",
    "runs": "jobs",
    "tables": "tables",
    "reads": "views",
    "hosts": "hosts",
    "packages": "packages",
}


def register(verbs: Verbs) -> None:
    """Add this group's parsers."""
    add_verb(verbs, "manifest-schema", schema, with_name=False)


def schema(options: Namespace, terminal: Terminal) -> None:
    """Write the JSON Schema of plugin.yaml, for editors."""
    terminal.json(manifest_schema())


def tell_report(report: Report | None, terminal: Terminal) -> None:
    """Everything that the scan found, facts first."""
    if report is None:
        terminal.line("  its code was not scanned")
        return
    terminal.line("  its code, read without running it:")
    for label, name in _FACTS.items():
        if values := getattr(report, name):
            terminal.line(f"    {label}: {one_line(', '.join(values))}")
    terminal.line(f"    findings: {summary(report)}")
    tell_findings(report, terminal, indent="      ")


def tell_findings(
    report: Report, terminal: Terminal, *, indent: str = "", notes: bool = True
) -> None:
    """One line for each finding, the gravest first."""
    told = [each for each in report.findings if notes or each.severity is not Severity.NOTE]
    for finding in told:
        # A file's name and what is quoted of it are the author's words.
        terminal.line(f"{indent}{finding.severity}: {' '.join(str(finding).split())}")
    if report.omitted:
        terminal.line(f"{indent}and {report.omitted} more")


def tell_changes(changes: Sequence[Change], terminal: Terminal, *, since: str) -> None:
    """What is new since the installed release."""
    if not changes:
        terminal.line(f"  asks and offers the same as {since}")
        return
    terminal.line(f"  since {since}:")
    for change in changes:
        terminal.line(f"    {' '.join(str(change).split())}")


def summary(report: Report) -> str:
    """How many findings of which severity there are."""
    counts = Counter(finding.severity for finding in report.findings)
    told = [f"{counts[each]} {each}{'s' if counts[each] > 1 else ''}" for each in counts]
    return ", ".join(told) or "none"
