"""Remote catalogues: added, asked, believed as far as they are signed, and taken away.

Nothing that a catalogue says changes what is installed, and none that is away or lies changes
what is known: an answer is taken over whole after it was verified, or not at all. Only its block
list reaches further: what it names is disabled.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from plugins_registry.catalogue.index import BadIndex, read_blocks, read_index
from plugins_registry.catalogue.reaching import Reach, Unreachable, checked_url, is_local
from plugins_registry.catalogue.trusting import Distrust, Verified, check_root, forget, verified
from plugins_registry.exceptions import CatalogueRefused
from plugins_registry.models import BlockedRelease, Catalogue, Problem
from plugins_registry.services.believing import Refreshed, problem_key, take_over
from plugins_registry.services.noticing import notice_updates
from plugins_registry.services.operating import Listener, Progress, operation
from plugins_registry.services.problems import raise_problem
from plugins_registry.stored import stored_text

logger = logging.getLogger(__name__)

CATALOGUES = 20
REFRESH_HOURS = 24
_NAME = re.compile(r"[a-z][a-z0-9-]{0,62}")


def add_catalogue(
    name: str,
    url: str,
    root: bytes,
    *,
    allow_private: bool = False,
    heeds_blocks: bool = True,
    by: Any = None,
) -> Catalogue:
    """Trust what a catalogue's root signs. Asks nobody; `refresh_catalogue` does.

    Raises `CatalogueRefused` for a name, address or root that cannot be used.
    """
    try:
        _check_name(name)
        checked_url(url)
        check_root(root)
    except (Unreachable, Distrust) as error:
        raise CatalogueRefused(f"the catalogue {name!r} was not added: {error}") from error
    with transaction.atomic():
        forget(name)
        return Catalogue.objects.create(
            name=name,
            url=url.rstrip("/"),
            root=root.decode(),
            allow_private=allow_private,
            heeds_blocks=heeds_blocks,
            added_by=by,
        )


def remove_catalogue(name: str) -> None:
    """Forget a catalogue with all that it offers and blocks. What came from it stays installed."""
    find_catalogue(name).delete()
    Problem.objects.filter(plugin=None, key=problem_key(name)).delete()
    forget(name)


def find_catalogue(name: str) -> Catalogue:
    """The catalogue of this name, or `CatalogueRefused`."""
    found = Catalogue.objects.filter(name=name).first()
    if found is None:
        known = ", ".join(Catalogue.objects.values_list("name", flat=True)) or "none"
        raise CatalogueRefused(
            f"there is no catalogue {name!r}; known are: {known}. Add it: manage.py plugin "
            f"catalogue add NAME URL --root FILE"
        )
    return found


def refresh_catalogue(name: str, *, listener: Listener | None = None) -> Refreshed:
    """Ask a catalogue what it offers and blocks now; raises `CatalogueRefused`, nothing changed."""
    catalogue = find_catalogue(name)
    with operation("catalogue", listener=listener) as progress, opened(catalogue, progress) as it:
        notice_updates()
        return it.news


def refresh_due_catalogues(*, now: datetime | None = None) -> None:
    """Ask those that were not asked for a day; one that fails keeps none of the others waiting."""
    before = (now or timezone.now()) - timedelta(hours=REFRESH_HOURS)
    due = Catalogue.objects.filter(Q(checked_at=None) | Q(checked_at__lt=before))
    for name in list(due.values_list("name", flat=True)):
        try:
            refresh_catalogue(name)
        except CatalogueRefused as error:
            logger.warning("a catalogue could not be refreshed: %s", error)


def overrule_block(catalogue: str, number: int, *, overruled: bool = True) -> BlockedRelease:
    """Let what a catalogue has blocked run here nevertheless, or heed the block again."""
    block = BlockedRelease.objects.filter(catalogue__name=catalogue, pk=number).first()
    if block is None:
        blocks = find_catalogue(catalogue).blocks.all()[:20]
        known = ", ".join(f"{each.pk} ({each})" for each in blocks) or "none"
        raise CatalogueRefused(
            f"the catalogue {catalogue!r} has no block {number}; it has: {known}"
        )
    block.overruled = overruled
    block.save(update_fields=["overruled"])
    return block


@dataclass(frozen=True)
class Opened:
    """A catalogue that has just been asked: what came of it, and its files."""

    news: Refreshed
    files: Verified


@contextmanager
def opened(catalogue: Catalogue, progress: Progress) -> Iterator[Opened]:
    """Ask a catalogue and take over what it says; its files can be fetched in the block."""
    reach = Reach(
        is_local=is_local(checked_url(catalogue.url)), allow_private=catalogue.allow_private
    )
    progress.step("ask", f"asking the catalogue {catalogue.name}")
    try:
        root = catalogue.root.encode()
        with verified(catalogue.name, catalogue.url, root, reach=reach) as files:
            index, blocks = read_index(files.index()), read_blocks(files.blocks())
            yield Opened(take_over(catalogue, index, blocks), files)
    except (Distrust, BadIndex) as error:
        _remember_failure(catalogue, str(error))
        raise CatalogueRefused(
            f"the catalogue {catalogue.name!r} was not believed: {error}. Nothing was changed"
        ) from error


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise Unreachable("its name must be small letters, digits and dashes, as in 'my-plugins'")
    if Catalogue.objects.filter(name=name).exists():
        raise Unreachable("there is one of this name; remove that first")
    if Catalogue.objects.count() >= CATALOGUES:
        raise Unreachable(f"there are {CATALOGUES} already; remove one first")


def _remember_failure(catalogue: Catalogue, reason: str) -> None:
    told = stored_text(reason, 1000)
    Catalogue.objects.filter(pk=catalogue.pk).update(checked_at=timezone.now(), problem=told)
    raise_problem(
        None,
        problem_key(catalogue.name),
        f"the catalogue {catalogue.name!r} was not believed: {told}. What is installed stays as it "
        f"is; it is asked again tomorrow, or with: manage.py plugin catalogue refresh "
        f"{catalogue.name}",
    )
