"""Wishes: enable, disable, restart, and how filters are asked. The supervisor makes them so."""

from __future__ import annotations

from django.utils import timezone

from plugins_registry.exceptions import GrantsMissing, PolicyRefused, RegistryError
from plugins_registry.models import Plugin
from plugins_registry.models.plugin import (
    DEADLINE_MS_MAXIMUM,
    DEADLINE_MS_MINIMUM,
    PRIORITY_MAXIMUM,
)
from plugins_registry.queries.blocks import block_sentences
from plugins_registry.services.changes import change, find
from plugins_registry.services.depending import refuse_with_dependents, refuse_without_plugins
from plugins_registry.states import FailPolicy, Mode, State, Wanted

#: States out of which a repeated `enable` is a wish to try again.
_FAILED = (State.BACKING_OFF, State.QUARANTINED)


def enable(name: str) -> Plugin:
    """Ask for the plugin to run.

    Writes the wish and returns; the supervisor makes it so. Refused while a required capability
    has no grant, or a plugin that it needs is not installed. Enabling what is enabled changes
    nothing, unless it failed: then it tries again.
    """
    with change():
        plugin = find(name)
        refuse_without_grants(plugin)
        refuse_without_plugins(plugin)
        refuse_blocked(plugin)
        if not plugin.is_enabled or plugin.state in _FAILED:
            plugin.wanted = Wanted.ENABLED
            _wish(plugin)
    return plugin


def disable(name: str, *, force: bool = False) -> Plugin:
    """Ask for the plugin to stop. Its grants, configuration and files stay.

    Refused while enabled plugins need it, unless `force`: they run on, and wait for it when they
    are next started.
    """
    with change():
        plugin = find(name)
        if not force:
            refuse_with_dependents(plugin, "disabled")
        plugin.wanted = Wanted.DISABLED
        plugin.save(update_fields=["wanted"])
    return plugin


def restart(name: str) -> Plugin:
    """Ask for a fresh start of an enabled plugin, also of a quarantined one."""
    with change():
        plugin = find(name)
        if not plugin.is_enabled:
            raise RegistryError(
                f"plugin {name!r} was not restarted: it is disabled. Enable it: "
                f"manage.py plugin enable {name}"
            )
        refuse_without_grants(plugin)
        _wish(plugin)
    return plugin


def set_policy(
    name: str,
    *,
    fail_policy: str | None = None,
    priority: int | None = None,
    deadline_ms: int | None = None,
) -> Plugin:
    """Say how the plugin's filters are asked; what is None stays."""
    problems = _policy_problems(fail_policy, priority, deadline_ms)
    if problems:
        raise PolicyRefused(name, problems)
    wishes = {"fail_policy": fail_policy, "priority": priority, "deadline_ms": deadline_ms}
    news = {field: value for field, value in wishes.items() if value is not None}
    with change():
        plugin = find(name)
        for field, value in news.items():
            setattr(plugin, field, value)
        plugin.save(update_fields=list(news))
    return plugin


def set_mode(name: str, mode: str) -> Plugin:
    """Say whether the verdicts of the plugin's filters count (`enforce`) or not (`shadow`).

    Each change to shadow begins a new report.
    """
    if mode not in Mode.values:
        raise PolicyRefused(name, [f"mode: {mode!r} is unknown; choose 'enforce' or 'shadow'"])
    with change():
        plugin = find(name)
        if mode == Mode.SHADOW and plugin.mode != Mode.SHADOW:
            plugin.shadow_since = timezone.now()
        plugin.mode = mode
        plugin.save(update_fields=["mode", "shadow_since"])
    return plugin


def refuse_without_grants(plugin: Plugin) -> None:
    """A plugin never starts half-trusted."""
    if plugin.release is None:
        raise RegistryError(f"plugin {plugin.name!r} has no release; install it again")
    granted = set(plugin.grants.values_list("capability", flat=True))
    required = plugin.release.declared.required_capabilities
    if missing := [capability for capability in required if capability not in granted]:
        raise GrantsMissing(plugin.name, missing)


def refuse_blocked(plugin: Plugin) -> None:
    """What a catalogue has blocked is not started again without a word."""
    release = plugin.release
    if release and (told := block_sentences(plugin.name, release.version, release.digest)):
        raise RegistryError(f"plugin {plugin.name!r} was not enabled: {'; '.join(told)}")


def _wish(plugin: Plugin) -> None:
    plugin.make_wish()
    plugin.save(update_fields=["wanted", "wish", "wished_at"])


def _policy_problems(
    fail_policy: str | None, priority: int | None, deadline_ms: int | None
) -> list[str]:
    problems = []
    if fail_policy is not None and fail_policy not in FailPolicy.values:
        problems.append(f"fail policy: {fail_policy!r} is unknown; choose 'open' or 'closed'")
    if priority is not None and not 0 <= priority <= PRIORITY_MAXIMUM:
        problems.append(f"priority: {priority} is out of range; choose 0 to {PRIORITY_MAXIMUM}")
    if deadline_ms is not None and not DEADLINE_MS_MINIMUM <= deadline_ms <= DEADLINE_MS_MAXIMUM:
        problems.append(
            f"deadline: {deadline_ms} ms is out of range; choose {DEADLINE_MS_MINIMUM} to "
            f"{DEADLINE_MS_MAXIMUM}"
        )
    return problems
