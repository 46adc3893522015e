"""Whether an inspected package fits into this server, beside what is installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from plugins_registry.exceptions import PackageRefused
from plugins_registry.manifest import Manifest
from plugins_registry.package import store
from plugins_registry.package.inspecting import Inspection, inspect
from plugins_registry.services.describing import clash_sentences


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
        problems += _misfits(inspection.manifest)
    if problems or inspection.manifest is None:
        raise PackageRefused(str(source), problems)
    return inspection.manifest


def _misfits(manifest: Manifest) -> list[str]:
    problems = clash_sentences(manifest.name, manifest.endpoints or ())
    if manifest.packages:
        problems.append(
            f"dependencies.packages: it needs {', '.join(manifest.packages)}, and this server "
            f"cannot install Python packages for plugins yet; use a release without them"
        )
    return problems
