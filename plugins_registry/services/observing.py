"""The supervisor writes down what it sees."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils import timezone

from plugins_registry.models import Plugin
from plugins_registry.services.changes import change
from plugins_registry.services.staging import follow
from plugins_registry.states import State
from plugins_registry.stored import stored_text

STACK_CHARACTERS = 20_000
REASON_CHARACTERS = 2_000


def observe(
    name: str,
    *,
    state: State,
    reason: str = "",
    stack: str = "",
    level: str | None = None,
    layers: Sequence[str] | None = None,
    release_id: int | None = None,
    refused_wish: int | None = None,
) -> None:
    """Write the observed state and why. Does nothing when the plugin is gone or nothing is new.

    `since` moves when the state changes or answers a new wish; `stack` stays until the next one,
    or until the plugin is active again; `level` and `layers` stay as they are when None. The
    stage goes to the release that was observed, the plugin's own when None. A `refused_wish` is
    one that did not come true while the plugin goes on as before, so `since` stays.
    """
    plugin = Plugin.objects.filter(name=name).first()
    if plugin is None:
        return
    facts: dict[str, object] = {
        "refused_wish": refused_wish,
        "level": level,
        "layers": None if layers is None else list(layers),
    }
    news = {field: value for field, value in facts.items() if value is not None}
    news |= {"state": State(state), "reason": stored_text(reason, REASON_CHARACTERS)}
    if stack or state == State.ACTIVE:
        news["stack"] = stored_text(stack, STACK_CHARACTERS)
    fresh = {field: value for field, value in news.items() if getattr(plugin, field) != value}
    # The supervisor writes only the newest of several states, so that after a wish even the same
    # state is a new one: a restart may be seen as active, then active.
    is_answer = plugin.since < plugin.wished_at and refused_wish is None
    if "state" in fresh or is_answer:
        fresh["since"] = timezone.now()
    observed = release_id or plugin.release_id
    if fresh:
        with change():
            # Only the observation's columns: the wish is the admin's and may change meanwhile.
            Plugin.objects.filter(pk=plugin.pk).update(**fresh)
            _follow(observed, state, reason)
    elif refused_wish is None:
        # A release that took over is seen in the state in which the one before was.
        _follow(observed, state, reason)


def _follow(release_id: int | None, state: State, reason: str) -> None:
    if release_id is not None:
        follow(release_id, State(state), reason)
