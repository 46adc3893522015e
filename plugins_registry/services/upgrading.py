"""Upgrades: asking for one, and what the supervisor writes while it carries it out.

The new release is recorded beside the old one and tried; only `switch_over` changes what runs.
Each function is one transaction, so that a process which is killed leaves an upgrade that is in
one of its states, never between two.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from packaging.version import Version

from plugins_registry.conf import conf
from plugins_registry.exceptions import GrantsMissing, UpgradeRefused
from plugins_registry.manifest import Manifest
from plugins_registry.models import Configuration, Plugin, Release, Upgrade
from plugins_registry.package import store
from plugins_registry.package.inspecting import Inspection
from plugins_registry.services.changes import change, find
from plugins_registry.services.granting import add_asked_grants
from plugins_registry.services.installing import Consent, record_release
from plugins_registry.services.operating import Listener, operation
from plugins_registry.services.preparing import Prepared, prepared, put_in_place
from plugins_registry.services.problems import raise_problem
from plugins_registry.services.reviewing import accepted, inspected
from plugins_registry.services.staging import follow
from plugins_registry.services.vouching import require_origin, signed
from plugins_registry.signing import Signed
from plugins_registry.states import State, UpgradeState
from plugins_registry.stored import stored_text

#: A node that carries a trial out says so again and again; one that is silent has lost it.
HELD_SECONDS = 60
_REASON_CHARACTERS = 5_000
OPEN = (UpgradeState.TRIAL, UpgradeState.WATCHED)


def upgrade(
    name: str,
    source: Path,
    consent: Consent,
    *,
    downgrade: bool = False,
    listener: Listener | None = None,
) -> Upgrade:
    """Record another release of an installed plugin and ask for it to take over.

    What runs goes on until the new release has stood its trial; where nothing runs it takes over
    at once. Raises `PackageRefused`, `UnsignedRefused`, `UpgradeRefused`, or `GrantsMissing` when
    it requires more than was granted and the consent does not cover that. Nothing changed then.
    """
    plugin = find(name)
    with (
        operation("upgrade", plugin=name, by=consent.by, listener=listener) as progress,
        inspected(source) as inspection,
    ):
        manifest = accepted(source, inspection)
        progress.concerns(name, manifest.version)
        _require_fit(plugin, manifest, inspection, downgrade=downgrade)
        origin = signed(inspection, manifest)
        require_origin(str(source), manifest, origin, allow_unsigned=consent.allow_unsigned)
        with prepared(source, manifest, inspection, progress) as packages:
            return _record(source, inspection, consent=consent, origin=origin, packages=packages)


def _record(
    source: Path, inspection: Inspection, *, consent: Consent, origin: Signed, packages: Prepared
) -> Upgrade:
    with store.keeping() as keep, change():
        manifest = accepted(source, inspection)
        name = manifest.name
        plugin = find(name)
        former = plugin.release
        release = plugin.releases.filter(digest=inspection.digest).first()
        if release is None:
            release = record_release(plugin, manifest, inspection, origin)
            keep(inspection.root, release.path)
        put_in_place(release, packages, keep)
        _consent_to(plugin, manifest, consent)
        begun = _begin(plugin, former, release, by=consent.by)
    return begun


def _require_fit(
    plugin: Plugin, manifest: Manifest, inspection: Inspection, *, downgrade: bool
) -> None:
    installed = plugin.release
    if manifest.name != plugin.name:
        raise UpgradeRefused(plugin.name, f"the package is {manifest.name!r}, another plugin")
    if installed is None:
        return
    if installed.digest == inspection.digest:
        raise UpgradeRefused(plugin.name, f"release {installed.version} is this very package")
    if Version(manifest.version) < Version(installed.version) and not downgrade:
        raise UpgradeRefused(
            plugin.name,
            f"{manifest.version} is older than {installed.version}; go back to a kept release "
            f"with: manage.py plugin rollback {plugin.name}, or insist with --downgrade",
        )


def _consent_to(plugin: Plugin, manifest: Manifest, consent: Consent) -> None:
    asked = manifest.capabilities if consent.grant_all else ()
    granted_now = (*asked, *consent.grants)
    add_asked_grants(plugin, granted_now, manifest.capabilities, by=consent.by)
    granted = set(plugin.grants.values_list("capability", flat=True))
    missing = [each for each in manifest.required_capabilities if each not in granted]
    if missing:
        raise GrantsMissing(plugin.name, missing, release=manifest.version)


def _begin(plugin: Plugin, former: Release | None, release: Release, *, by: Any) -> Upgrade:
    """Open the upgrade; where nothing runs that could be taken away, switch over at once."""
    _conclude_watch(plugin)
    begun = Upgrade.objects.create(
        plugin=plugin,
        from_release=former,
        to_release=release,
        from_version=former.version if former else "",
        to_version=release.version,
        state=UpgradeState.TRIAL,
        former_configuration=_stored(plugin),
        by=by,
    )
    if former is None or not plugin.is_enabled or plugin.state != State.ACTIVE:
        plugin.make_wish()
        plugin.save(update_fields=["wish", "wished_at"])
        _take_over(plugin, begun, release, state=UpgradeState.DONE)
    return begun


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
        _take_over(found.plugin, found, found.to_release, state=UpgradeState.WATCHED)
    return True


def refuse_trial(upgrade_id: int, reason: str) -> None:
    """End a trial that failed; the old release never stopped serving."""
    with change():
        found = _open(upgrade_id, UpgradeState.TRIAL)
        if found is None:
            return
        _end(found, UpgradeState.REFUSED, reason)
        raise_problem(
            found.plugin.name,
            "upgrade",
            f"release {found.to_version} was refused, {found.from_version} goes on: {reason}",
        )
        _forget_releases(found.plugin)


def conclude_watch(upgrade_id: int) -> None:
    """The watch is over and nothing bad was seen: the new release stays."""
    with change():
        found = _open(upgrade_id, UpgradeState.WATCHED)
        if found is not None:
            _end(found, UpgradeState.DONE, "")
            _forget_releases(found.plugin)


def take_back(upgrade_id: int, reason: str) -> bool:
    """Return to the old release, with the configuration it had; False when it cannot be."""
    with change():
        found = _open(upgrade_id, UpgradeState.WATCHED)
        if found is None or found.from_release is None:
            return False
        _end(found, UpgradeState.RETURNED, reason)
        _return_to(found.plugin, found.from_release, found.former_configuration)
        raise_problem(
            found.plugin.name,
            "upgrade",
            f"release {found.to_version} was given up, {found.from_version} serves again: {reason}",
        )
    return True


def rollback(name: str, *, version: str = "", by: Any = None) -> Upgrade:
    """Return by hand to a kept release: the one before, or the one of this version.

    Its configuration comes back as it was when it was left. Raises `UpgradeRefused`.
    """
    with change():
        plugin = find(name)
        left = _left_for(plugin, version)
        if left is None or left.from_release is None:
            kept = ", ".join(plugin.releases.values_list("version", flat=True))
            raise UpgradeRefused(
                name, f"there is no {version or 'earlier release'} to return to; kept are: {kept}"
            )
        # A watch or a trial that still runs is overtaken by this.
        for each in Upgrade.objects.filter(plugin=plugin, state__in=OPEN):
            _end(each, UpgradeState.RETURNED, "an admin rolled the plugin back")
        _return_to(plugin, left.from_release, left.former_configuration)
        return Upgrade.objects.create(
            plugin=plugin,
            from_release=left.to_release,
            to_release=left.from_release,
            from_version=left.to_version,
            to_version=left.from_version,
            state=UpgradeState.DONE,
            reason="an admin rolled the plugin back",
            former_configuration=_stored(plugin),
            by=by,
            switched_at=timezone.now(),
            ended_at=timezone.now(),
        )


def _left_for(plugin: Plugin, version: str) -> Upgrade | None:
    """The last upgrade that left a kept release which is not the one that runs."""
    left = Upgrade.objects.filter(plugin=plugin, from_release__isnull=False)
    left = left.filter(switched_at__isnull=False).exclude(from_release=plugin.release)
    meant = Q(from_version=version) if version else Q(to_release=plugin.release)
    left = left.filter(meant)
    return left.select_related("from_release", "to_release").first()


def _take_over(plugin: Plugin, begun: Upgrade, release: Release, *, state: UpgradeState) -> None:
    now = timezone.now()
    _leave(plugin, release)
    plugin.release = release
    plugin.save(update_fields=["release"])
    begun.state, begun.switched_at = state, now
    begun.ended_at = now if state == UpgradeState.DONE else None
    begun.save()
    if state == UpgradeState.DONE:
        _forget_releases(plugin)


def _return_to(plugin: Plugin, release: Release, configuration: dict[str, Any] | None) -> None:
    _leave(plugin, release)
    plugin.release = release
    plugin.make_wish()
    plugin.save(update_fields=["release", "wish", "wished_at"])
    if configuration is not None and configuration != _stored(plugin):
        Configuration.objects.update_or_create(
            plugin=plugin, defaults={"values": configuration, "changed_at": timezone.now()}
        )


def _leave(plugin: Plugin, successor: Release) -> None:
    """Note that the release that runs has come to its end."""
    if plugin.release_id is not None:
        follow(plugin.release_id, State.STOPPED, f"release {successor.version} took its place")


def _conclude_watch(plugin: Plugin) -> None:
    """Close the watch before; a trial that runs keeps others away."""
    for each in Upgrade.objects.filter(plugin=plugin, state__in=OPEN):
        if each.state == UpgradeState.TRIAL:
            raise UpgradeRefused(
                plugin.name,
                f"release {each.to_version} is on trial; wait for its end (manage.py plugin show "
                f"{plugin.name}), or roll back",
            )
        _end(each, UpgradeState.DONE, "")


def _end(found: Upgrade, state: UpgradeState, reason: str) -> None:
    found.state, found.ended_at = state, timezone.now()
    found.reason = stored_text(reason, _REASON_CHARACTERS)
    found.save(update_fields=["state", "reason", "ended_at"])


def _open(upgrade_id: int, state: UpgradeState) -> Upgrade | None:
    upgrades = Upgrade.objects.select_related("plugin", "from_release", "to_release")
    return upgrades.filter(pk=upgrade_id, state=state).first()


def _stored(plugin: Plugin) -> dict[str, Any]:
    rows = Configuration.objects.filter(plugin=plugin).values_list("values", flat=True)
    return dict(rows.first() or {})


def _forget_releases(plugin: Plugin) -> None:
    """Keep the release that runs and the newest others; the rest's files go."""
    others = plugin.releases.exclude(pk=plugin.release_id or 0).order_by("-created_at", "-pk")
    for release in others[conf.RELEASES_KEPT - 1 :]:
        for folder in release.folders:
            transaction.on_commit(partial(store.discard, folder))
        release.delete()
