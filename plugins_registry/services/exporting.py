"""Everything that belongs to a plugin, for people to look at before it goes, or to take along."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.utils import timezone

from plugins_registry.belongings import keepers
from plugins_registry.models import Delivery, Plugin
from plugins_registry.offers import Description
from plugins_registry.permissions import find_permission
from plugins_registry.services.changes import find
from plugins_registry.states import DeliveryState


@dataclass(frozen=True, kw_only=True)
class Estate:
    """What an uninstall takes away, in numbers."""

    #: By keeper, then by what is counted: `{"database": {"tables": 2, "rows": 40}}`.
    belongings: dict[str, dict[str, int]]
    releases: int
    #: Paths that nobody answers any more.
    paths: tuple[str, ...]
    #: By permission, how many users and groups hold it.
    permissions: dict[str, int]
    #: Events that wait for it and would not be told.
    queued_events: int
    grants: tuple[str, ...]


def estate(name: str) -> Estate:
    """Return what belongs to a plugin; raise `PluginNotFound`."""
    plugin = find(name)
    release = plugin.release
    offered = Description.from_json((release.description if release else None) or {})
    waiting = Delivery.objects.filter(plugin_id=name, state=DeliveryState.WAITING)
    return Estate(
        belongings={keeper.name: keeper.summary(name) for keeper in keepers()},
        releases=plugin.releases.count(),
        paths=offered.paths,
        permissions={text: _held(text) for text in sorted(offered.permissions)},
        queued_events=waiting.count(),
        grants=tuple(plugin.grants.values_list("capability", flat=True)),
    )


def export(name: str, target: Path, *, configuration: dict[str, Any]) -> None:
    """Write a zip with all that belongs to a plugin; the target must not exist.

    `configuration` is what may be shown of it: secrets leave the server only as their names.
    Raises `PluginNotFound` and `OSError`.
    """
    plugin = find(name)
    with target.open("xb") as file:
        target.chmod(0o600)  # it quotes what people wrote
        try:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr("plugin.json", json.dumps(_facts(plugin), indent=2))
                archive.writestr("configuration.json", json.dumps(configuration, indent=2))
                for keeper in keepers():
                    keeper.export(name, archive)
        except BaseException:
            target.unlink()
            raise


def _facts(plugin: Plugin) -> dict[str, Any]:
    return {
        "name": plugin.name,
        "release": plugin.release.version if plugin.release else None,
        "manifest": plugin.release.manifest if plugin.release else None,
        "grants": list(plugin.grants.values_list("capability", flat=True)),
        "exported_at": timezone.now().isoformat(),
    }


def _held(text: str) -> int:
    permission = find_permission(text)
    if permission is None:
        return 0
    return permission.user_set.count() + permission.group_set.count()
