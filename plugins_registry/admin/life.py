"""What became of releases, as tables: signatures, kept ones, upgrades, stages."""

from __future__ import annotations

from django.utils.html import format_html
from django.utils.safestring import SafeString

from plugins_registry.admin import shown
from plugins_registry.models import LifecycleStage, Plugin, Release, Upgrade
from plugins_registry.states import Signature

_STAGES_SHOWN = 12
_UPGRADES_SHOWN = 5


def signed(release: Release) -> SafeString:
    """Who vouches for a release, and with which key."""
    state = shown.badge(release.signature, Signature(release.signature).label)
    if not release.publisher and not release.key_id:
        return state
    return format_html("{} {} <small>{}</small>", state, release.publisher, release.key_id)


def kept_releases(plugin: Plugin) -> SafeString:
    """The releases of a plugin that are on disk, the newest first."""
    return shown.table(
        ("Version", "Signature", "Installed", ""),
        (
            (
                shown.link(release, release.version),
                signed(release),
                shown.moment(release.created_at),
                "shall run" if release.pk == plugin.release_id else "",
            )
            for release in plugin.releases.select_related("plugin").order_by("-created_at", "-pk")
        ),
    )


def last_upgrades(plugin: Plugin) -> SafeString:
    """The last exchanges of a plugin's releases, the newest first."""
    return shown.table(
        ("From", "To", "State", "Begun", "Reason"),
        (
            (
                upgrade.from_version or "-",
                shown.link(upgrade, upgrade.to_version),
                shown.badge(upgrade.state, upgrade.get_state_display()),
                shown.moment(upgrade.begun_at),
                upgrade.reason,
            )
            for upgrade in Upgrade.objects.filter(plugin=plugin)[:_UPGRADES_SHOWN]
        ),
    )


def stages(release: Release, *, count: int = _STAGES_SHOWN) -> SafeString:
    """The last stages that a release has reached, the newest first."""
    reached = LifecycleStage.objects.filter(release=release).order_by("-pk")[:count]
    return shown.table(
        ("Stage", "Reached", "Reason"),
        (
            (
                shown.badge(each.stage, each.get_stage_display()),
                shown.moment(each.at),
                each.reason,
            )
            for each in reached
        ),
    )
