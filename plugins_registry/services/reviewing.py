"""Whether an inspected package fits into this server, beside what is installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from plugins_registry.exceptions import PackageRefused
from plugins_registry.manifest import Manifest
from plugins_registry.package import store
from plugins_registry.package.inspecting import Inspection, inspect
from plugins_registry.queries.blocks import block_sentences
from plugins_registry.services.depending import misfits_among_plugins
from plugins_registry.services.describing import clash_sentences
from plugins_registry.services.preparing import package_problems


@contextmanager
def inspected(source: Path) -> Iterator[Inspection]:
    """A source, copied to a private folder that lives as long as the `with` block."""
    with store.staging() as staged:
        into = staged / "package"
        into.mkdir(mode=0o700)
        yield inspect(source, into)


def accepted(source: Path, inspection: Inspection) -> Manifest:
    """The manifest of a package that can be installed, or `PackageRefused` with every problem."""
    problems = [*inspection.problems]
    if inspection.manifest is not None:
        files = [file.path for file in inspection.files]
        problems += _misfits(inspection.manifest, files)
        problems += block_sentences(
            inspection.manifest.name, inspection.manifest.version, inspection.digest
        )
    if problems or inspection.manifest is None:
        raise PackageRefused(str(source), problems)
    return inspection.manifest


def _misfits(manifest: Manifest, files: list[str]) -> list[str]:
    return [
        *clash_sentences(manifest.name, manifest.endpoints or ()),
        *misfits_among_plugins(manifest),
        *package_problems(files),
    ]
