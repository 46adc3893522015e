"""Problems: raised by whoever sees one, merged by key, dismissed by admins."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from plugins_registry.models import Plugin, Problem

MESSAGE_CHARACTERS = 2_000
DETAIL_CHARACTERS = 20_000


def raise_problem(
    plugin_name: str | None,
    key: str,
    message: str,
    *,
    details: dict[str, Any] | None = None,
    times: int = 1,
) -> None:
    """Put something before the admins; the same plugin and key count up and return if dismissed.

    `plugin_name` None means the server itself; `times` is how often it happened just now. Does
    nothing when the plugin is not installed.
    """
    plugin = Plugin.objects.filter(name=plugin_name).first() if plugin_name is not None else None
    if plugin_name is not None and plugin is None:
        return
    key = _stored(key)[:120]
    facts = {
        "message": _stored(message)[:MESSAGE_CHARACTERS],
        "details": {
            name: _stored(value)[-DETAIL_CHARACTERS:] if isinstance(value, str) else value
            for name, value in (details or {}).items()
        },
    }
    if _count_up(plugin, key, facts, times):
        return
    try:
        with transaction.atomic():
            Problem.objects.create(plugin=plugin, key=key, count=times, **facts)
    except IntegrityError:
        # Somebody else was first, or the plugin went away meanwhile: then there is nothing to do.
        _count_up(plugin, key, facts, times)


def _stored(text: str) -> str:
    """Text that any database takes: PostgreSQL refuses NUL, in JSON too."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")


def dismiss(problem_id: int) -> None:
    """An admin has seen it."""
    Problem.objects.filter(pk=problem_id).update(dismissed=True)


def _count_up(plugin: Plugin | None, key: str, facts: dict[str, Any], times: int) -> bool:
    return bool(
        Problem.objects.filter(plugin=plugin, key=key).update(
            count=F("count") + times, last_seen=timezone.now(), dismissed=False, **facts
        )
    )
