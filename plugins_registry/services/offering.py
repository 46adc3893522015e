"""From a word on the command line to a package: a path as it is, a name from a catalogue."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.utils import timezone
from packaging.version import InvalidVersion, Version

from plugins_registry.catalogue.choosing import newest, refusals
from plugins_registry.conf import conf
from plugins_registry.exceptions import CatalogueRefused, PackageRefused
from plugins_registry.models import Catalogue, CatalogueRelease
from plugins_registry.package import store
from plugins_registry.queries.blocks import block_sentences
from plugins_registry.services.catalogues import find_catalogue, opened
from plugins_registry.services.operating import Listener, Progress, operation
from plugins_registry.services.reviewing import inspected

_NAMED = re.compile(r"([A-Za-z][A-Za-z0-9_-]{0,63})(?:==([^=\s/]{1,64}))?")


@dataclass(frozen=True)
class _Wish:
    name: str
    #: Empty for the newest.
    version: str
    catalogue: Catalogue
    #: Also what is still fresh.
    insist: bool


@contextmanager
def offered(
    source: str | Path,
    *,
    catalogue: str = "",
    insist: bool = False,
    only_offers: bool = False,
    listener: Listener | None = None,
) -> Iterator[Path]:
    """A package's path for the length of the block.

    `source` is the path of a folder or archive that is there, or `NAME` or `NAME==VERSION` of a
    plugin that a catalogue offers; `catalogue` says which, when several do. `insist` takes a
    release also while it is fresh, `only_offers` leaves folders of that name aside. Raises
    `CatalogueRefused`; then nothing was fetched to stay.
    """
    named = _NAMED.fullmatch(str(source))
    is_path = not (catalogue or only_offers) and Path(source).exists()
    if named is None or is_path:
        yield Path(source)
        return
    name, version = named[1], named[2] or ""
    wish = _Wish(name, version, _catalogue(name, catalogue), insist)
    with store.staging() as folder:
        with operation("fetch", plugin=name, listener=listener) as progress:
            path = _fetched(wish, folder, progress)
        try:
            yield path
        except PackageRefused as error:
            # The reader asked for a name and knows nothing of our folder.
            raise PackageRefused(f"{path.stem} of {wish.catalogue}", error.problems) from error


def _fetched(wish: _Wish, folder: Path, progress: Progress) -> Path:
    with opened(wish.catalogue, progress) as it:
        release = _chosen(wish)
        progress.concerns(wish.name, release.version)
        progress.step("fetch", f"fetching {wish.name} {release.version} from {wish.catalogue}")
        path = folder / f"{wish.name}-{release.version}.zip"
        it.files.package(release.target, path)
    _require_match(path, wish.name, release)
    return path


def _catalogue(name: str, wanted: str) -> Catalogue:
    if wanted:
        return find_catalogue(wanted)
    found = list(Catalogue.objects.filter(plugins__name=name))
    if len(found) == 1:
        return found[0]
    known = ", ".join(Catalogue.objects.values_list("name", flat=True)) or "none"
    if not found:
        raise CatalogueRefused(
            f"there is no folder or archive {name!r}, and no catalogue offers a plugin of that "
            f"name; catalogues: {known}. Look for it: manage.py plugin search WORDS"
        )
    # Whoever adds a catalogue shall not take over names that another one has.
    names = ", ".join(each.name for each in found)
    raise CatalogueRefused(f"several catalogues offer {name!r}: {names}; say --catalogue NAME")


def _chosen(wish: _Wish) -> CatalogueRelease:
    rows = wish.catalogue.plugins.filter(name=wish.name).first()
    offers = newest(rows.releases.all()) if rows else []
    releases = offers
    if wish.version and rows:
        releases = [each for each in rows.releases.all() if _same(each.version, wish.version)]
    if not releases:
        has = ", ".join(each.version for each in offers[:20]) or "nothing of that name"
        raise CatalogueRefused(
            f"the catalogue {wish.catalogue.name!r} does not offer {wish.name} {wish.version}; "
            f"it has: {has}"
        )
    refused = {}
    for release in releases:
        if not (reasons := _reasons(wish, release)):
            return release
        refused[release.version] = "; ".join(reasons)
    told = "".join(f"\n  {each}: {reason}" for each, reason in list(refused.items())[:5])
    raise CatalogueRefused(f"{wish.name} was not taken from {wish.catalogue.name!r}:{told}")


def _reasons(wish: _Wish, release: CatalogueRelease) -> list[str]:
    return refusals(
        release,
        now=timezone.now(),
        cooldown_days=0 if wish.insist else conf.CATALOGUE_COOLDOWN_DAYS,
        blocks=lambda each: block_sentences(wish.name, each.version, each.digest),
    )


def _same(version: str, wanted: str) -> bool:
    try:
        return Version(version) == Version(wanted)
    except InvalidVersion:
        return False


def _require_match(path: Path, name: str, release: CatalogueRelease) -> None:
    """The archive must be what the index said: what was searched, reviewed and cooled down."""
    with inspected(path) as inspection:
        if inspection.digest == release.digest and (
            inspection.manifest is None
            or (inspection.manifest.name, inspection.manifest.version) == (name, release.version)
        ):
            return
    raise CatalogueRefused(
        f"{name} {release.version} was not taken: its contents are not those that the catalogue's "
        f"index tells; tell the catalogue's publisher"
    )
