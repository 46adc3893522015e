"""The plugins that come with the server: installed, granted and enabled at its first start."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path

from django.db import transaction

from plugins_registry.exceptions import RegistryError
from plugins_registry.manifest import Manifest
from plugins_registry.models import DeclinedBundle, Plugin, Release
from plugins_registry.package import store
from plugins_registry.package.inspecting import MANIFEST_FILE, Inspection
from plugins_registry.services.changes import change
from plugins_registry.services.granting import add_grants
from plugins_registry.services.installing import add_plugin, add_release
from plugins_registry.services.operating import operation
from plugins_registry.services.preparing import prepared, put_in_place
from plugins_registry.services.problems import raise_problem
from plugins_registry.services.reviewing import accepted, inspected
from plugins_registry.signing import Signed
from plugins_registry.states import Signature, Wanted

logger = logging.getLogger(__name__)


def install_bundled(folder: Path) -> list[str]:
    """Install what is new or has changed in a folder of plugins; returns the names.

    Idempotent by digest. A changed plugin gets its new release and a fresh start; one that an
    admin disabled stays disabled, one that was uninstalled stays away, and one that was installed
    by hand under the same name is left alone. One that is refused raises a problem for the admin
    and does not hold up the others.
    """
    changed = []
    for source in sorted(path.parent for path in folder.glob(f"*/{MANIFEST_FILE}")):
        try:
            if name := _install_one(source):
                changed.append(name)
        except RegistryError as error:
            logger.exception("a bundled plugin was refused", extra={"plugin": source.name})
            raise_problem(None, f"bundled:{source.name}", str(error))
    return changed


def _install_one(source: Path) -> str | None:
    with inspected(source) as inspection:
        manifest = accepted(source, inspection)
        if not _is_due(manifest, inspection):
            return None
        with (
            operation("install", plugin=manifest.name) as progress,
            prepared(source, manifest, inspection, progress) as packages,
            store.keeping() as keep,
            change(),
        ):
            plugins = Plugin.objects.select_related("release")
            plugin = plugins.filter(name=manifest.name).first() or add_plugin(manifest.name)
            release = _give_release(plugin, manifest, inspection)
            keep(inspection.root, release.path)
            put_in_place(release, packages, keep)
    return manifest.name


def _is_due(manifest: Manifest, inspection: Inspection) -> bool:
    if DeclinedBundle.objects.filter(name=manifest.name).exists():
        return False
    plugin = Plugin.objects.select_related("release").filter(name=manifest.name).first()
    if plugin is None or plugin.release is None:
        return True
    is_ours = plugin.release.signature == Signature.BUNDLED
    return is_ours and plugin.release.digest != inspection.digest


def _give_release(plugin: Plugin, manifest: Manifest, inspection: Inspection) -> Release:
    former = plugin.release
    # The same contents may have been here before: a checkout that goes back and forth.
    plugin.releases.filter(digest=inspection.digest).delete()
    release = add_release(plugin, manifest, inspection, Signed(state=Signature.BUNDLED))
    if former is None:
        plugin.wanted = Wanted.ENABLED
    else:
        # Until the new one is loaded: without a description callers would not even ask it, and
        # its fail policy would not hold meanwhile.
        release.description = former.description
        release.save(update_fields=["description"])
        _forget_older(plugin, keep=(former, release))
    add_grants(plugin, manifest.capabilities)
    plugin.make_wish()
    plugin.save()
    return release


def _forget_older(plugin: Plugin, keep: tuple[Release, Release]) -> None:
    """The former release may still be running; those before it are of no use."""
    for release in plugin.releases.exclude(pk__in=[kept.pk for kept in keep]):
        for folder in release.folders:
            transaction.on_commit(partial(store.discard, folder))
        release.delete()
