"""From a source to everything that is known about it: files, digest, manifest, problems."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from plugins_registry.exceptions import PackageRefused
from plugins_registry.manifest import Manifest, read_manifest
from plugins_registry.package.archive import unpack_archive
from plugins_registry.package.destination import Destination, PackedFile
from plugins_registry.package.folder import copy_folder
from plugins_registry.package.migrations import migration_findings
from plugins_registry.package.problems import PackageProblem
from plugins_registry.package.sources import entry_problem
from plugins_registry.scanning import Report, scan

MANIFEST_FILE = "plugin.yaml"


@dataclass(frozen=True, kw_only=True)
class Inspection:
    """What a package is, as far as it can be read."""

    #: The folder it was copied to.
    root: Path
    files: tuple[PackedFile, ...]
    digest: str
    #: None when it has problems.
    manifest: Manifest | None
    problems: tuple[str, ...]
    warnings: tuple[str, ...]
    #: What its code says; None without a manifest.
    report: Report | None = None

    @property
    def declared(self) -> Manifest | None:
        """The manifest, as an installed release calls it."""
        return self.manifest

    @property
    def scanned(self) -> Report | None:
        """The report, as an installed release calls it."""
        return self.report


def inspect(source: Path, into: Path) -> Inspection:
    """Copy a folder or zip into an empty private folder and look at all of it.

    Raises `PackageRefused` when it cannot even be copied; other problems are listed.
    """
    destination = Destination(into)
    try:
        _copy(source, destination)
    except PackageProblem as problem:
        raise PackageRefused(str(source), [str(problem)]) from problem
    except OSError as error:
        reason = f"it cannot be read: {error.strerror or error}; check the path and its permissions"
        raise PackageRefused(str(source), [reason]) from error
    return _look(destination)


def _copy(source: Path, destination: Destination) -> None:
    if source.is_dir():
        copy_folder(source, destination)
    elif source.is_file():
        unpack_archive(source, destination)
    else:
        raise PackageProblem("there is no such folder or zip archive; check the path")


def _look(destination: Destination) -> Inspection:
    manifest, problems, warnings = _manifest(destination)
    paths = [file.path for file in destination.files]
    report, unreadable = scan(destination.root, paths, manifest)
    problems += unreadable
    if manifest and (problem := entry_problem(manifest, destination.files)):
        problems.append(problem)
    problems += report.contradictions if report else ()
    migration_problems, migration_warnings = migration_findings(destination.root, paths)
    problems += migration_problems
    warnings += migration_warnings
    return Inspection(
        root=destination.root,
        files=tuple(destination.files),
        digest=destination.digest(),
        manifest=manifest,
        problems=tuple(problems),
        warnings=tuple(warnings),
        report=report,
    )


def _manifest(destination: Destination) -> tuple[Manifest | None, list[str], list[str]]:
    if all(file.path != MANIFEST_FILE for file in destination.files):
        return None, [f"there is no {MANIFEST_FILE}; every plugin needs one at its top"], []
    try:
        text = (destination.root / MANIFEST_FILE).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        return None, [f"{MANIFEST_FILE} is not UTF-8; save it as UTF-8"], []
    reading = read_manifest(text)
    return (
        reading.manifest,
        [str(finding) for finding in reading.problems],
        [str(finding) for finding in reading.warnings],
    )
