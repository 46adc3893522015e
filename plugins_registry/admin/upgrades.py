"""Upgrades in admin: from which release to which, how far, and what was found on the way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString

from plugins_registry.admin import shown
from plugins_registry.admin.readonly import ReadOnlyAdmin
from plugins_registry.models import Trace, Upgrade


@admin.register(Upgrade)
class UpgradeAdmin(ReadOnlyAdmin):
    """Each exchange of releases, the newest first."""

    list_display = ("id", "plugin", "way", "how_far", "why", "begun_at", "ended_at")
    list_filter = ("state", "plugin")
    list_select_related = ("plugin",)
    search_fields = ("=plugin__name", "=to_version", "reason")
    # What was configured before is left out: it holds secrets, though sealed.
    fieldsets = (
        (None, {"fields": ("plugin", "from_what", "to_what", "how_far", "step", "reason")}),
        ("Trial", {"fields": ("self_test", "replay", "differences", "stack")}),
        ("When", {"fields": ("begun_at", "switched_at", "ended_at", "by", "holder")}),
    )
    readonly_fields = (
        *("from_what", "to_what", "how_far", "step"),
        *("self_test", "replay", "differences", "stack"),
    )

    @admin.display(description="Releases")
    def way(self, upgrade: Upgrade) -> str:
        """From which to which."""
        return f"{upgrade.from_version or 'none'} → {upgrade.to_version}"

    @admin.display(description="From")
    def from_what(self, upgrade: Upgrade) -> SafeString | str:
        """The release that ran before."""
        return _release(upgrade.from_release, upgrade.from_version)

    @admin.display(description="To")
    def to_what(self, upgrade: Upgrade) -> SafeString | str:
        """The release that takes its place."""
        return _release(upgrade.to_release, upgrade.to_version)

    @admin.display(description="State", ordering="state")
    def how_far(self, upgrade: Upgrade) -> SafeString:
        """How far it is."""
        return shown.badge(upgrade.state, upgrade.get_state_display())

    @admin.display(description="Reason")
    def why(self, upgrade: Upgrade) -> str:
        """Why it was refused or returned from, in short."""
        return shown.short(upgrade.reason)

    @admin.display(description="Last step")
    def step(self, upgrade: Upgrade) -> str:
        """How far the trial came."""
        return str(upgrade.report.get("step", "-"))

    @admin.display(description="Self test")
    def self_test(self, upgrade: Upgrade) -> str:
        """What the plugin says of itself."""
        return str(upgrade.report.get("self_test", "-"))

    @admin.display(description="Asked both releases")
    def replay(self, upgrade: Upgrade) -> SafeString:
        """How often they judged recent messages differently."""
        found = _replay(upgrade)
        if not found.get("asked"):
            return SafeString("about nothing: one of them is no filter, or there are no messages")
        return shown.table(
            ("", "Messages"),
            (
                ("asked about", found["asked"]),
                ("judged differently", found.get("different", 0)),
                ("no usable answer from the old release", found.get("old_errors", 0)),
                ("no usable answer from the new release", found.get("new_errors", 0)),
                *found.get("changes", {}).items(),
            ),
        )

    @admin.display(description="Differences")
    def differences(self, upgrade: Upgrade) -> SafeString:
        """Messages about which they differ; some of them."""
        return shown.table(
            ("Message", "Old release", "New release"),
            (
                (_message(each.get("message_id", "")), each.get("old", ""), each.get("new", ""))
                for each in _replay(upgrade).get("examples", ())
            ),
        )

    @admin.display(description="Stack")
    def stack(self, upgrade: Upgrade) -> SafeString:
        """Where the new release failed, when it did not start."""
        return shown.text(str(upgrade.report.get("stack", "")))


def _replay(upgrade: Upgrade) -> Mapping[str, Any]:
    found = upgrade.report.get("replay")
    return found if isinstance(found, dict) else {}


def _message(message_id: str) -> SafeString:
    return shown.list_link(Trace, message_id, message_id)


def _release(release: Any, version: str) -> SafeString | str:
    if release is not None:
        return shown.link(release)
    return format_html("{} (not kept)", version) if version else "none"
