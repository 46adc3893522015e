"""Releases that a catalogue wants nobody to run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from django.db.models import Q, QuerySet
from packaging.version import Version

from plugins_registry.models import BlockedRelease


def block_sentences(name: str, version: str, digest: str) -> list[str]:
    """Who has blocked a release, and why; empty when nobody has, or an admin overruled it."""
    about_it = _heeded().filter(Q(digest=digest) | Q(name=name))
    return HeededBlocks(about_it).sentences(name, version, digest)


class HeededBlocks:
    """Blocks in memory, for asking about many releases."""

    def __init__(self, blocks: Iterable[BlockedRelease] | None = None) -> None:
        self._by_word: dict[str, list[BlockedRelease]] = defaultdict(list)
        for block in _heeded() if blocks is None else blocks:
            self._by_word[block.digest or block.name].append(block)

    def sentences(self, name: str, version: str, digest: str) -> list[str]:
        """See `block_sentences`."""
        found = [*self._by_word.get(digest, ()), *self._by_word.get(name, ())]
        return [_sentence(block) for block in found if _is_about(block, version)]


def _heeded() -> QuerySet[BlockedRelease]:
    heeded = BlockedRelease.objects.filter(overruled=False, catalogue__heeds_blocks=True)
    return heeded.select_related("catalogue")


def _is_about(block: BlockedRelease, version: str) -> bool:
    return not block.version or Version(block.version) == Version(version)


def _sentence(block: BlockedRelease) -> str:
    catalogue = block.catalogue.name
    return (
        f"the catalogue {catalogue!r} has blocked it: {block.reason}. Take another release, or "
        f"overrule that: manage.py plugin catalogue overrule {catalogue} {block.pk}"
    )
