"""What catalogues offer: found by words, and newer than what is installed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from django.utils import timezone
from packaging.version import Version

from plugins_registry.catalogue.choosing import newest, refusals
from plugins_registry.conf import conf
from plugins_registry.models import CataloguePlugin, CatalogueRelease, Plugin
from plugins_registry.queries.blocks import HeededBlocks


@dataclass(frozen=True, kw_only=True)
class Offer:
    """The release of a plugin that a catalogue offers."""

    catalogue: str
    name: str
    version: str
    summary: str
    publisher: str
    category: str
    tags: tuple[str, ...]
    icon: str
    capabilities: tuple[str, ...]
    offered_at: datetime
    #: Why it would not be taken now; empty when it would.
    refused: str


@dataclass(frozen=True, kw_only=True)
class Update:
    """A newer release of an installed plugin."""

    name: str
    installed: str
    offer: Offer
    #: Capabilities that the installed release does not ask for.
    new_capabilities: tuple[str, ...]


def search(words: Iterable[str] = (), *, category: str = "", tag: str = "") -> list[Offer]:
    """Plugins that have all the words in what they say of themselves, each by its newest release.

    Category and tag are compared whole; case never matters.
    """
    wanted, blocks = [word.casefold() for word in words], HeededBlocks()
    return [
        _best(plugin, blocks)
        for plugin in _offered()
        if all(word in _spoken(plugin) for word in wanted)
        and category.casefold() in ("", plugin.category.casefold())
        and (not tag or tag.casefold() in [each.casefold() for each in plugin.tags])
        and plugin.releases.all()
    ]


def updates() -> list[Update]:
    """Newer releases of installed plugins that would be taken now."""
    installed = {
        plugin.name: plugin.release
        for plugin in Plugin.objects.filter(release__isnull=False).select_related("release")
    }
    found, blocks = [], HeededBlocks()
    for plugin in _offered().filter(name__in=installed):
        release = installed[plugin.name]
        if release is None or not plugin.releases.all():
            continue
        offer = _best(plugin, blocks)
        if offer.refused:
            continue
        if Version(offer.version) > Version(release.version):
            had = release.declared.capabilities
            fresh = tuple(each for each in offer.capabilities if each not in had)
            found.append(
                Update(
                    name=plugin.name,
                    installed=release.version,
                    offer=offer,
                    new_capabilities=fresh,
                )
            )
    return found


def _offered() -> QuerySet[CataloguePlugin]:
    rows = CataloguePlugin.objects.select_related("catalogue").prefetch_related("releases")
    return rows.order_by("name", "catalogue__name")


def _best(plugin: CataloguePlugin, blocks: HeededBlocks) -> Offer:
    """The newest release that would be taken; if there is none, the newest with the reason."""
    ordered = newest(plugin.releases.all())
    release, refused = ordered[0], _refused(plugin.name, ordered[0], blocks)
    for older in ordered[1:] if refused else []:
        if not _refused(plugin.name, older, blocks):
            release, refused = older, ""
            break
    return Offer(
        catalogue=plugin.catalogue.name,
        name=plugin.name,
        version=release.version,
        summary=plugin.summary,
        publisher=plugin.publisher,
        category=plugin.category,
        tags=tuple(plugin.tags),
        icon=plugin.icon,
        capabilities=tuple(release.capabilities),
        offered_at=release.offered_at,
        refused=refused,
    )


def _refused(name: str, release: CatalogueRelease, blocks: HeededBlocks) -> str:
    reasons = refusals(
        release,
        now=timezone.now(),
        cooldown_days=conf.CATALOGUE_COOLDOWN_DAYS,
        blocks=lambda each: blocks.sentences(name, each.version, each.digest),
    )
    return "; ".join(reasons)


def _spoken(plugin: CataloguePlugin) -> str:
    said = (plugin.name, plugin.summary, plugin.category, plugin.publisher, *plugin.tags)
    return "\n".join(said).casefold()
