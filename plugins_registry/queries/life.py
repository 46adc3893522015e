"""What became of a plugin's releases: kept ones, stages, and the last upgrade."""

from __future__ import annotations

from typing import Any

from plugins_registry.models import LifecycleStage, Plugin, Upgrade

_STAGES_SHOWN = 12


def kept_releases(plugin: Plugin) -> list[dict[str, Any]]:
    """Every release that can be returned to, the newest first."""
    return [
        {
            "version": release.version,
            "runs": release.pk == plugin.release_id,
            "signature": release.signature,
            "publisher": release.publisher,
            "installed_at": release.created_at.isoformat(timespec="seconds"),
        }
        for release in plugin.releases.order_by("-created_at", "-pk")
    ]


def last_stages(plugin: Plugin) -> list[dict[str, Any]]:
    """The last stages that the plugin's release has reached, the newest last."""
    rows = LifecycleStage.objects.filter(release=plugin.release).order_by("-pk")[:_STAGES_SHOWN]
    return [
        {
            "stage": row.stage,
            "at": row.at.isoformat(timespec="milliseconds"),
            "reason": row.reason,
        }
        for row in reversed(rows)
    ]


def last_upgrade(plugin: Plugin) -> dict[str, Any] | None:
    """The upgrade that runs, else the last one."""
    row = Upgrade.objects.filter(plugin=plugin).first()
    if row is None:
        return None
    return {
        "from": row.from_version,
        "to": row.to_version,
        "state": row.state,
        "step": row.report.get("step", ""),
        "reason": row.reason,
        "begun_at": row.begun_at.isoformat(timespec="seconds"),
        "report": row.report,
    }


def ways_back(plugin: Plugin) -> list[str]:
    """The versions of kept releases that a rollback can return to, the last left first."""
    left = Upgrade.objects.filter(
        plugin=plugin, from_release__isnull=False, switched_at__isnull=False
    ).exclude(from_release=plugin.release)
    return list(dict.fromkeys(left.values_list("from_version", flat=True)))
