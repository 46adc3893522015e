"""Judging a watched release by its calls: does it fail more often than the one before?"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q
from django.utils import timezone

from plugins_registry.conf import conf
from plugins_registry.models import Call, Upgrade
from plugins_registry.states import CallOutcome, UpgradeState, WatchVerdict

#: Fewer calls tell nothing.
CALLS_NEEDED = 10
#: Of its calls, beyond what the old release's failed of its own.
WORSE_BY = 0.25


def judge_watched(upgrade_id: int, *, now: datetime | None = None) -> tuple[WatchVerdict, str]:
    """Say whether a watched release may stay, must go, or is still watched; and why it must go.

    It must go when, of at least ten calls since it took over, a quarter more failed than of the
    old release's kept calls.
    """
    now = now or timezone.now()
    found = Upgrade.objects.filter(pk=upgrade_id, state=UpgradeState.WATCHED).first()
    if found is None or found.switched_at is None:
        return WatchVerdict.GONE, ""
    calls = Call.objects.filter(plugin_id=_name_of(found))
    new, new_failed = _counted(calls.filter(at__gt=found.switched_at))
    old, old_failed = _counted(calls.filter(at__lte=found.switched_at))
    usual = old_failed / old if old else 0.0
    if new >= CALLS_NEEDED and new_failed / new > usual + WORSE_BY:
        return WatchVerdict.WORSE, (
            f"{new_failed} of its first {new} calls failed, of the old release's {old_failed} "
            f"of {old}"
        )
    if now >= found.switched_at + timedelta(seconds=conf.UPGRADE_WATCH_SECONDS):
        return WatchVerdict.GOOD, ""
    return WatchVerdict.OPEN, ""


def _name_of(found: Upgrade) -> str:
    return found.plugin.name


def _counted(calls: Any) -> tuple[int, int]:
    """How many calls there are, and how many of them the plugin failed."""
    failed = Q(outcome__in=[CallOutcome.FAILED, CallOutcome.DEADLINE, CallOutcome.LOST])
    counts = calls.aggregate(all=Count("pk"), failed=Count("pk", filter=failed))
    return counts["all"], counts["failed"]
