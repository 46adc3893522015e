"""Upgrades: asking for a release to take another one's place.

The new release is recorded beside the old one; what becomes of it is written by the supervisor,
through `switching`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from packaging.version import Version

from plugins_registry.exceptions import GrantsMissing, UpgradeRefused
from plugins_registry.manifest import Manifest
from plugins_registry.models import Plugin, Release, Upgrade
from plugins_registry.package import store
from plugins_registry.package.inspecting import Inspection
from plugins_registry.services.changes import change, find
from plugins_registry.services.granting import add_asked_grants
from plugins_registry.services.installing import Consent, record_release
from plugins_registry.services.operating import Listener, operation
from plugins_registry.services.preparing import Prepared, prepared, put_in_place
from plugins_registry.services.reviewing import accepted, inspected
from plugins_registry.services.switching import (
    end_upgrade,
    stored_values_of,
    take_over_now,
)
from plugins_registry.services.vouching import require_origin, signed
from plugins_registry.signing import Signed
from plugins_registry.states import State, UpgradeState

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
        raise UpgradeRefused(
            plugin.name,
            f"release {installed.version} is this very package; nothing in it was changed",
        )
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
        former_configuration=stored_values_of(plugin),
        by=by,
    )
    if former is None or not plugin.is_enabled or plugin.state != State.ACTIVE:
        plugin.make_wish()
        plugin.save(update_fields=["wish", "wished_at"])
        take_over_now(plugin, begun, release, state=UpgradeState.DONE)
    return begun


def _conclude_watch(plugin: Plugin) -> None:
    """Close the watch before; a trial that runs keeps others away."""
    for each in Upgrade.objects.filter(plugin=plugin, state__in=OPEN):
        if each.state == UpgradeState.TRIAL:
            raise UpgradeRefused(
                plugin.name,
                f"release {each.to_version} is on trial; wait for its end (manage.py plugin show "
                f"{plugin.name}), or roll back",
            )
        end_upgrade(each, UpgradeState.DONE, "")
