"""The walk over a whole package: from its files to a `Report` and to what cannot be read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from plugins_registry.manifest import Manifest
from plugins_registry.scanning.declared import offer_findings
from plugins_registry.scanning.entries import entry_files
from plugins_registry.scanning.findings import Code, Finding, Severity, merged
from plugins_registry.scanning.imports import Imported, Origins, shadow_findings
from plugins_registry.scanning.needs import Needs, add_migration, capability_findings, needs_of
from plugins_registry.scanning.offers import Kind, Offer, offers_of, plugin_class_of
from plugins_registry.scanning.reading import Facts, read_facts
from plugins_registry.scanning.report import FINDINGS, Report, bounded, bounded_finding
from plugins_registry.scanning.risks import file_findings, risk_findings
from plugins_registry.scanning.sources import Source, SourceReader, Unreadable, python_files

_MIGRATIONS = "migrations/"
_MIGRATION_BYTES = 1024**2
_TESTS = "tests/"
#: What the tests of every plugin do: they import pytest, and load the plugin's module by its path.
_OF_TESTS = (Code.IMPORT, Code.IMPORTING)
#: With these, code outside of `tests/` could load what is in it without naming it.
_LOADING = (Code.IMPORTING, Code.EVALUATION)


class Scan:
    """Takes a package's files one by one: never more than one syntax tree is held."""

    def __init__(self, root: Path, paths: Iterable[str], manifest: Manifest | None) -> None:
        self._root, self._manifest = root, manifest
        self._paths = sorted(paths)
        #: Why files cannot be read, a sentence each with its file.
        self.problems: list[str] = []
        self._files: list[Facts] = []
        self._offers: list[Offer] = []
        self._findings: list[Finding] = []
        self._read()

    def report(self) -> Report | None:
        """What was found; None without a manifest to hold it against."""
        if self._manifest is None:
            return None
        origins = Origins(self._paths, self._manifest)
        imported = origins.sort(self._files)
        needs = self._needs(imported)
        findings = [
            *self._findings,
            *file_findings(self._paths),
            *shadow_findings(origins.own),
            *offer_findings(self._offers, self._manifest),
            *origins.findings(self._files, imported),
            *needs.findings,
            *capability_findings(needs, self._manifest),
        ]
        return _report(self._offers, imported, needs, merged(self._weighed(findings)))

    def _weighed(self, findings: list[Finding]) -> Iterator[Finding]:
        """What tests usually do is only noted, where the plugin has no way to run them."""
        may_run = self._may_run_tests(findings)
        for each in findings:
            is_usual = each.file.startswith(_TESTS) and each.code in _OF_TESTS
            yield each if may_run or not is_usual else replace(each, severity=Severity.NOTE)

    def _may_run_tests(self, findings: list[Finding]) -> bool:
        entry = self._manifest.entry_point if self._manifest else ""
        others = [facts for facts in self._files if not facts.source.path.startswith(_TESTS)]
        named = [entry, *(each.module for facts in others for each in facts.imports)]
        if any(module.lstrip(".").startswith("tests") for module in named):
            return True
        return any(each.code in _LOADING and not each.file.startswith(_TESTS) for each in findings)

    def _read(self) -> None:
        reader = SourceReader(self._root)
        entry = _entry(self._paths, self._manifest)
        for path in python_files(self._paths):
            try:
                source = reader.read(path)
            except Unreadable as problem:
                self.problems.append(f"{path}: {problem}")
            else:
                self._take(source, is_entry=path == entry)

    def _take(self, source: Source, *, is_entry: bool) -> None:
        facts = read_facts(source)
        wanted = self._manifest.entry_point.partition(":")[2] if self._manifest else ""
        plugin_class = plugin_class_of(facts, wanted) if is_entry else ""
        self._offers += offers_of(facts, plugin_class)
        self._findings += merged(risk_findings(facts))[:FINDINGS]
        self._files.append(facts.without_tree())

    def _needs(self, imported: Imported) -> Needs:
        needs = needs_of(self._files, imported)
        for path in self._paths:
            if path.startswith(_MIGRATIONS) and path.endswith(".sql"):
                with (self._root / path).open("rb") as file:
                    raw = file.read(_MIGRATION_BYTES)
                add_migration(needs, path, raw.decode("utf-8", "replace"))
        return needs


def scan(
    root: Path, paths: Iterable[str], manifest: Manifest | None
) -> tuple[Report | None, list[str]]:
    """Read a package's code without running it: the report, and why files cannot be read."""
    found = Scan(root, paths, manifest)
    return found.report(), found.problems


def _entry(paths: list[str], manifest: Manifest | None) -> str:
    """The file that holds the plugin's class; empty when it is not certain which one."""
    if manifest is None:
        return ""
    found = [path for path in entry_files(manifest) if path in paths]
    # Of `plugin.py` and `plugin/__init__.py` Python takes the latter; nobody means that.
    return found[0] if len(found) == 1 else ""


def _report(
    offers: list[Offer], imported: Imported, needs: Needs, findings: list[Finding]
) -> Report:
    return Report(
        hooks=_values(offers, Kind.HOOK),
        endpoints=_endpoints(offers),
        sockets=_values(offers, Kind.SOCKET),
        permissions=_values(offers, Kind.PERMISSION),
        jobs=_values(offers, Kind.JOB),
        standard_modules=bounded(list(imported.standard)),
        packages=bounded(list(imported.declared)),
        unknown_modules=bounded(list(imported.unknown)),
        tables=bounded(list(needs.tables)),
        views=bounded(list(needs.views)),
        hosts=bounded(list(needs.hosts)),
        needs=bounded(needs.capabilities),
        findings=tuple(map(bounded_finding, findings[:FINDINGS])),
        omitted=max(0, len(findings) - FINDINGS),
    )


def _values(offers: list[Offer], kind: Kind) -> tuple[str, ...]:
    return bounded([offer.value for offer in offers if offer.kind is kind and offer.value])


def _endpoints(offers: list[Offer]) -> tuple[str, ...]:
    found = [offer for offer in offers if offer.kind is Kind.ENDPOINT and offer.value]
    return bounded([f"{method} {offer.value}" for offer in found for method in offer.methods])
