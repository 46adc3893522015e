"""Uninstalling: into the bin, or gone for good."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.db import transaction

from plugins_registry.models import DeclinedBundle, Plugin, Release
from plugins_registry.offers import Description
from plugins_registry.package import store
from plugins_registry.permissions import remove_permissions
from plugins_registry.services.binning import put_in_bin
from plugins_registry.services.changes import change, find
from plugins_registry.services.depending import refuse_with_dependents
from plugins_registry.states import Signature


def uninstall(name: str, *, purge: bool = False, by: Any = None, force: bool = False) -> None:
    """Remove a plugin; the supervisor stops it.

    It goes to the bin with all that it owns, and can be restored for some days; with `purge`
    nothing of it is kept, and whoever calls this has `purge_belongings` carried out (a sweep does
    it too). User permissions that no other installed plugin declares are taken from everybody. A
    bundled plugin stays away at later starts until it is installed by hand. Refused while enabled
    plugins need it, unless `force`.
    """
    with change():
        plugin = find(name)
        if not force:
            refuse_with_dependents(plugin, "uninstalled")
        releases = list(plugin.releases.all())
        if any(release.signature == Signature.BUNDLED for release in releases):
            DeclinedBundle.objects.get_or_create(name=name)
        labels = _labels(releases)
        put_in_bin(plugin, labels, purge=purge, by=by)
        plugin.delete()
        remove_permissions(labels - _labels(_current_releases()))
        if purge:
            for release in releases:
                for folder in release.folders:
                    transaction.on_commit(partial(store.discard, folder))


def _current_releases() -> list[Release]:
    plugins = Plugin.objects.filter(release__isnull=False).select_related("release")
    return [plugin.release for plugin in plugins if plugin.release]


def _labels(releases: list[Release]) -> set[str]:
    labels: set[str] = set()
    for release in releases:
        offered = Description.from_json(release.description or {})
        labels |= offered.permissions | set(release.declared.user_permissions)
    return labels
