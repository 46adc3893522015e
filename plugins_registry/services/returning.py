"""Going back by hand to a release that is kept."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.utils import timezone

from plugins_registry.exceptions import UpgradeRefused
from plugins_registry.models import Plugin, Upgrade
from plugins_registry.services.changes import change, find
from plugins_registry.services.switching import (
    end_upgrade,
    return_to,
    stored_values_of,
)
from plugins_registry.services.upgrading import OPEN
from plugins_registry.states import UpgradeState


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
                name,
                f"there is no {version or 'earlier release'} to return to; kept are: {kept}",
                asked="rolled back",
            )
        # A watch or a trial that still runs is overtaken by this.
        for each in Upgrade.objects.filter(plugin=plugin, state__in=OPEN):
            end_upgrade(each, UpgradeState.RETURNED, "an admin rolled the plugin back")
        return_to(plugin, left.from_release, left.former_configuration)
        return Upgrade.objects.create(
            plugin=plugin,
            from_release=left.to_release,
            to_release=left.from_release,
            from_version=left.to_version,
            to_version=left.from_version,
            state=UpgradeState.DONE,
            reason="an admin rolled the plugin back",
            former_configuration=stored_values_of(plugin),
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
