"""Installing: from a folder or archive to a release that can be enabled."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plugins_registry.exceptions import ConfigurationRefused, OtherReleaseInstalled
from plugins_registry.manifest import Manifest
from plugins_registry.models import DeclinedBundle, Delivery, Plugin, Release
from plugins_registry.package import store
from plugins_registry.package.inspecting import Inspection
from plugins_registry.permissions import create_permissions
from plugins_registry.services.binning import take_out_of_bin
from plugins_registry.services.changes import change
from plugins_registry.services.configuring import adopt_config
from plugins_registry.services.granting import add_grants
from plugins_registry.services.operating import Listener, operation
from plugins_registry.services.preparing import Prepared, prepared, put_in_place
from plugins_registry.services.problems import raise_problem
from plugins_registry.services.reviewing import accepted, inspected
from plugins_registry.services.staging import reach
from plugins_registry.services.vouching import require_origin, signed
from plugins_registry.signing import Signed
from plugins_registry.states import Stage


@dataclass(frozen=True, kw_only=True)
class Consent:
    """What the admin agreed to."""

    #: A package for which nobody vouches may be installed.
    allow_unsigned: bool = False
    #: Capabilities to grant; all that the manifest asks for when `grant_all`.
    grants: tuple[str, ...] = ()
    grant_all: bool = False
    #: The admin; None for the command line.
    by: Any = None


@dataclass(frozen=True, kw_only=True)
class Installation:
    """What came of it."""

    plugin: Plugin
    #: False when exactly this release was installed before.
    is_new: bool
    warnings: tuple[str, ...]


def install(
    source: Path,
    *,
    allow_unsigned: bool = False,
    grants: Iterable[str] = (),
    grant_all: bool = False,
    by: Any = None,
) -> Plugin:
    """Install a plugin, disabled, and return it. See `bring_in`."""
    consent = Consent(
        allow_unsigned=allow_unsigned, grants=tuple(grants), grant_all=grant_all, by=by
    )
    return bring_in(source, consent).plugin


def bring_in(source: Path, consent: Consent, *, listener: Listener | None = None) -> Installation:
    """Install a plugin, disabled, from a folder or a zip of one; the listener hears each step.

    The package is copied, checked whole, its packages are built beside, and only then is all of
    it recorded; a refusal (`PackageRefused`, `UnsignedRefused`, `OtherReleaseInstalled`,
    `CapabilitiesRefused`) leaves nothing behind. Installing the same bytes again changes nothing
    but adds the grants that are consented to, and replaces packages that were lost or changed.
    """
    with (
        operation("install", by=consent.by, listener=listener) as progress,
        inspected(source) as inspection,
    ):
        manifest = accepted(source, inspection)
        progress.concerns(manifest.name, manifest.version)
        origin = signed(inspection, manifest)
        require_origin(str(source), manifest, origin, allow_unsigned=consent.allow_unsigned)
        with prepared(source, manifest, inspection, progress) as packages:
            plugin, is_new = _record(source, inspection, consent, origin, packages)
    return Installation(plugin=plugin, is_new=is_new, warnings=inspection.warnings)


def _record(
    source: Path,
    inspection: Inspection,
    consent: Consent,
    origin: Signed,
    packages: Prepared,
) -> tuple[Plugin, bool]:
    with store.keeping() as keep, change():
        # Again, now that nobody else can change what is claimed.
        manifest = accepted(source, inspection)
        plugin = Plugin.objects.select_related("release").filter(name=manifest.name).first()
        is_new = plugin is None
        if plugin is None:
            plugin = add_plugin(manifest.name)
            DeclinedBundle.objects.filter(name=manifest.name).delete()
            release = add_release(plugin, manifest, inspection, origin)
            keep(inspection.root, release.path)
            put_in_place(release, packages, keep)
            _take_over(plugin, take_out_of_bin(plugin.name, keeping=release.folders))
        _refuse_other_release(plugin, manifest, inspection.digest)
        if not is_new and plugin.release is not None:
            put_in_place(plugin.release, packages, keep)
        asked = manifest.capabilities if consent.grant_all else ()
        add_grants(plugin, (*asked, *consent.grants), by=consent.by)
    return plugin, is_new


def add_plugin(name: str) -> Plugin:
    """Record a plugin inside a running change; one of this name that is gone left it nothing."""
    Delivery.objects.filter(plugin_id=name).delete()
    return Plugin.objects.create(name=name)


def add_release(
    plugin: Plugin, manifest: Manifest, inspection: Inspection, origin: Signed
) -> Release:
    """Record a release inside a running change and make it the plugin's; the caller keeps it."""
    plugin.release = record_release(plugin, manifest, inspection, origin)
    plugin.save(update_fields=["release"])
    return plugin.release


def record_release(
    plugin: Plugin, manifest: Manifest, inspection: Inspection, origin: Signed
) -> Release:
    """Record a release inside a running change; what runs stays what it is."""
    release = Release.objects.create(
        plugin=plugin,
        version=manifest.version,
        digest=inspection.digest,
        path=store.release_path(plugin.name, manifest.version, inspection.digest),
        manifest=manifest.model_dump(mode="json"),
        scan=inspection.report.to_json() if inspection.report else None,
        signature=origin.state,
        publisher=origin.publisher,
        key_id=origin.key_id,
    )
    reach(release.pk, Stage.SECURITY_VALIDATED)
    create_permissions(manifest.user_permissions)
    return release


def _take_over(plugin: Plugin, values: dict[str, Any]) -> None:
    """Give a plugin the configuration that an earlier installation had, where it still fits."""
    if not values:
        return
    try:
        adopt_config(plugin, values)
    except ConfigurationRefused:
        raise_problem(
            plugin.name,
            "configuration",
            "the configuration it had when it was uninstalled does not fit this release and was "
            "not taken over; set it anew",
        )


def _refuse_other_release(plugin: Plugin, manifest: Manifest, digest: str) -> None:
    installed = plugin.release
    if installed is None or installed.digest == digest:
        return
    offered = manifest.version
    if installed.version == offered:
        offered = f"{offered} (with other contents)"
    raise OtherReleaseInstalled(plugin.name, installed.version, offered)
