"""Carrying an upgrade out: what the supervisor writes while it tries, switches and watches.

Only `switch_over` and `take_back` change what runs. Each function is one transaction, so that a
process which is killed leaves an upgrade in one of its states, never between two.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from plugins_registry.conf import conf
from plugins_registry.models import Configuration, Plugin, Release, Upgrade
from plugins_registry.package import store
from plugins_registry.services.changes import change
from plugins_registry.services.problems import raise_problem
from plugins_registry.services.staging import follow
from plugins_registry.states import State, UpgradeState
from plugins_registry.stored import stored_text

#: A node that carries a trial out says so again and again; one that is silent has lost it.
HELD_SECONDS = 60
_REASON_CHARACTERS = 5_000


def claim_trial(upgrade_id: int, holder: str) -> bool:
    """Take a trial up, or say that one is still at it; False when another node has it."""
    now = timezone.now()
    free = Q(holder__in=["", holder]) | Q(held_at__lt=now - timedelta(seconds=HELD_SECONDS))
    mine = Upgrade.objects.filter(free, pk=upgrade_id, state=UpgradeState.TRIAL)
    return bool(mine.update(holder=holder, held_at=now))


def report_trial(upgrade_id: int, news: Mapping[str, Any]) -> None:
    """Write down what was found so far."""
    found = Upgrade.objects.filter(pk=upgrade_id).first()
    if found is not None:
        found.report = {**found.report, **news}
        found.held_at = timezone.now()
        found.save(update_fields=["report", "held_at"])


def switch_over(upgrade_id: int) -> bool:
    """Make the new release the one that runs, under watch; False when it is not on trial."""
    with change():
        found = _open(upgrade_id, UpgradeState.TRIAL)
        if found is None or found.to_release is None:
            return False
        take_over_now(found.plugin, found, found.to_release, state=UpgradeState.WATCHED)
    return True


def refuse_trial(upgrade_id: int, reason: str) -> None:
    """End a trial that failed; the old release never stopped serving."""
    with change():
        found = _open(upgrade_id, UpgradeState.TRIAL)
        if found is None:
            return
        end_upgrade(found, UpgradeState.REFUSED, reason)
        raise_problem(
            found.plugin.name,
            "upgrade",
            f"release {found.to_version} was refused, {found.from_version} goes on: {reason}",
        )
        forget_releases(found.plugin)


def conclude_watch(upgrade_id: int) -> None:
    """The watch is over and nothing bad was seen: the new release stays."""
    with change():
        found = _open(upgrade_id, UpgradeState.WATCHED)
        if found is not None:
            end_upgrade(found, UpgradeState.DONE, "")
            forget_releases(found.plugin)


def take_back(upgrade_id: int, reason: str) -> bool:
    """Return to the old release, with the configuration it had; False when it cannot be."""
    with change():
        found = _open(upgrade_id, UpgradeState.WATCHED)
        if found is None or found.from_release is None:
            return False
        end_upgrade(found, UpgradeState.RETURNED, reason)
        return_to(found.plugin, found.from_release, found.former_configuration)
        raise_problem(
            found.plugin.name,
            "upgrade",
            f"release {found.to_version} was given up, {found.from_version} serves again: {reason}",
        )
    return True


def take_over_now(plugin: Plugin, begun: Upgrade, release: Release, *, state: UpgradeState) -> None:
    """Make a release the one that runs, inside a running change."""
    now = timezone.now()
    _leave(plugin, release)
    plugin.release = release
    plugin.save(update_fields=["release"])
    begun.state, begun.switched_at = state, now
    begun.ended_at = now if state == UpgradeState.DONE else None
    begun.save()
    if state == UpgradeState.DONE:
        forget_releases(plugin)


def return_to(plugin: Plugin, release: Release, configuration: dict[str, Any] | None) -> None:
    """Let an earlier release run again, with the configuration it had; inside a running change."""
    _leave(plugin, release)
    plugin.release = release
    plugin.make_wish()
    plugin.save(update_fields=["release", "wish", "wished_at"])
    if configuration is not None and configuration != stored_values_of(plugin):
        Configuration.objects.update_or_create(
            plugin=plugin, defaults={"values": configuration, "changed_at": timezone.now()}
        )


def _leave(plugin: Plugin, successor: Release) -> None:
    """Note that the release that runs has come to its end."""
    if plugin.release_id is not None:
        follow(plugin.release_id, State.STOPPED, f"release {successor.version} took its place")


def end_upgrade(found: Upgrade, state: UpgradeState, reason: str) -> None:
    """Close an upgrade in one of its last states."""
    found.state, found.ended_at = state, timezone.now()
    found.reason = stored_text(reason, _REASON_CHARACTERS)
    found.save(update_fields=["state", "reason", "ended_at"])


def _open(upgrade_id: int, state: UpgradeState) -> Upgrade | None:
    upgrades = Upgrade.objects.select_related("plugin", "from_release", "to_release")
    return upgrades.filter(pk=upgrade_id, state=state).first()


def stored_values_of(plugin: Plugin) -> dict[str, Any]:
    """The stored configuration as it lies there, secrets sealed."""
    rows = Configuration.objects.filter(plugin=plugin).values_list("values", flat=True)
    return dict(rows.first() or {})


def forget_releases(plugin: Plugin) -> None:
    """Keep the release that runs and the newest others; the rest's files go."""
    others = plugin.releases.exclude(pk=plugin.release_id or 0).order_by("-created_at", "-pk")
    for release in others[conf.RELEASES_KEPT - 1 :]:
        for folder in release.folders:
            transaction.on_commit(partial(store.discard, folder))
        release.delete()
