"""What a catalogue said, taken over after it was verified: offers, blocks, and what follows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from plugins_registry.catalogue.index import Blocks, Index, OfferedPlugin
from plugins_registry.models import (
    BlockedRelease,
    Catalogue,
    CataloguePlugin,
    CatalogueRelease,
    Plugin,
    Problem,
    Upgrade,
)
from plugins_registry.queries.blocks import block_sentences
from plugins_registry.services.problems import raise_problem
from plugins_registry.services.switching import refuse_trial
from plugins_registry.services.wishing import disable
from plugins_registry.states import UpgradeState


@dataclass(frozen=True, kw_only=True)
class Refreshed:
    """What came of asking a catalogue."""

    plugins: int
    #: Installed plugins that are disabled now because the catalogue blocks their release.
    stopped: tuple[str, ...]


def take_over(catalogue: Catalogue, index: Index, blocks: Blocks) -> Refreshed:
    """Know from now on what was verified, and stop what it blocks."""
    now = timezone.now()
    with transaction.atomic():
        _replace_offers(catalogue, index, now)
        _replace_blocks(catalogue, blocks)
        Catalogue.objects.filter(pk=catalogue.pk).update(
            checked_at=now, refreshed_at=now, problem=""
        )
        Problem.objects.filter(plugin=None, key=problem_key(catalogue.name)).update(dismissed=True)
    _refuse_blocked_trials()
    return Refreshed(plugins=len(index.plugins), stopped=tuple(_stop_blocked()))


def problem_key(name: str) -> str:
    """The key of the server's problem with a catalogue."""
    return f"catalogue:{name}"


def _replace_offers(catalogue: Catalogue, index: Index, now: datetime) -> None:
    """Take an index over; only what differs is written. A release's age counts from now.

    What the catalogue says of its age counts only at the first time: later, whoever can publish a
    release could as well say that it was old.
    """
    known = {plugin.name: plugin for plugin in catalogue.plugins.prefetch_related("releases")}
    news = [offer for offer in index.plugins if not _is_same(known.get(offer.name), offer)]
    gone = known.keys() - {offer.name for offer in index.plugins}
    seen = {
        (plugin.name, release.version, release.digest): release.offered_at
        for plugin in known.values()
        for release in plugin.releases.all()
    }
    catalogue.plugins.filter(name__in={*gone, *(offer.name for offer in news)}).delete()
    plugins = CataloguePlugin.objects.bulk_create(
        CataloguePlugin(catalogue=catalogue, **offer.model_dump(exclude={"releases"}))
        for offer in news
    )
    is_first = catalogue.refreshed_at is None
    CatalogueRelease.objects.bulk_create(
        CatalogueRelease(
            plugin=plugin,
            offered_at=seen.get(
                (offer.name, release.version, release.digest),
                min(release.published_at, now) if is_first else now,
            ),
            **release.model_dump(),
        )
        for plugin, offer in zip(plugins, news, strict=True)
        for release in offer.releases
    )


def _is_same(plugin: CataloguePlugin | None, offer: OfferedPlugin) -> bool:
    if plugin is None:
        return False
    said = offer.model_dump()
    releases = {each.pop("version"): each for each in said.pop("releases")}
    kept = {release.version: release for release in plugin.releases.all()}
    return (
        kept.keys() == releases.keys()
        and all(getattr(plugin, key) == value for key, value in said.items())
        and all(
            getattr(kept[version], key) == value
            for version, facts in releases.items()
            for key, value in facts.items()
        )
    )


def _replace_blocks(catalogue: Catalogue, blocks: Blocks) -> None:
    wanted = {(each.name, each.version, each.digest): each.reason for each in blocks.blocks}
    for row in catalogue.blocks.all():
        reason = wanted.pop((row.name, row.version, row.digest), None)
        if reason is None:
            row.delete()
        elif reason != row.reason:
            row.reason = reason
            row.save(update_fields=["reason"])
    BlockedRelease.objects.bulk_create(
        BlockedRelease(
            catalogue=catalogue, name=name, version=version, digest=digest, reason=reason
        )
        for (name, version, digest), reason in wanted.items()
    )


def _refuse_blocked_trials() -> None:
    """End the trials of blocked releases before they could take over."""
    for trial in Upgrade.objects.filter(state=UpgradeState.TRIAL).select_related("plugin"):
        release = trial.to_release
        if release is None:
            continue
        reasons = block_sentences(trial.plugin.name, release.version, release.digest)
        if reasons:
            refuse_trial(trial.pk, "; ".join(reasons))


def _stop_blocked() -> Iterator[str]:
    """Disable what runs on a blocked release; the problem says why, once."""
    for plugin in Plugin.objects.filter(release__isnull=False).select_related("release"):
        release = plugin.release
        if release is None:
            continue
        reasons = block_sentences(plugin.name, release.version, release.digest)
        if not reasons:
            continue
        if plugin.is_enabled:
            disable(plugin.name, force=True)
            yield plugin.name
        elif plugin.problems.filter(key="blocked").exists():
            continue
        told = "; ".join(reasons)
        raise_problem(plugin.name, "blocked", f"release {release.version} was stopped: {told}")
