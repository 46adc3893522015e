"""Waiting until a wish has come true, for commands that are asked to.

The registry only reads what the supervisor wrote. Whoever keeps copies of the registry's state
elsewhere (web processes) registers a settler, which returns when those copies have caught up.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from time import monotonic, sleep

from plugins_registry.exceptions import RegistryError
from plugins_registry.models import Plugin, Upgrade
from plugins_registry.states import State, UpgradeState

POLL_SECONDS = 0.05

#: Called without arguments after a wish has come true; each has its own short deadline.
settlers: list[Callable[[], object]] = []


class WaitEnded(RegistryError):
    """The wanted state was not reached; the message says what was seen instead."""


def wait_until_active(name: str, *, seconds: float) -> Plugin:
    """Wait for the state `active`, entered after the last wish.

    Ends early when the plugin is quarantined: it will not become active by itself.
    """
    return _wait(name, (State.ACTIVE,), hopeless=(State.QUARANTINED,), seconds=seconds)


def wait_until_stopped(name: str, *, seconds: float) -> Plugin:
    """Wait until the plugin has no process any more (a quarantined one has none either)."""
    return _wait(name, (State.STOPPED, State.QUARANTINED), hopeless=(), seconds=seconds)


def wait_until_tried(upgrade_id: int, *, seconds: float) -> Upgrade:
    """Wait until a release has taken over; `WaitEnded` when it was refused, or time is out."""
    deadline = monotonic() + seconds
    while True:
        upgrade = Upgrade.objects.select_related("plugin").filter(pk=upgrade_id).first()
        if upgrade is None:
            raise WaitEnded("the plugin was uninstalled meanwhile")
        if upgrade.state in (UpgradeState.WATCHED, UpgradeState.DONE):
            return upgrade
        name, version = upgrade.plugin.name, upgrade.to_version
        if upgrade.state != UpgradeState.TRIAL:
            raise WaitEnded(
                f"plugin {name!r} was not upgraded, {upgrade.from_version} goes on: "
                f"{upgrade.reason}"
            )
        if monotonic() >= deadline:
            step = upgrade.report.get("step", "not begun")
            raise WaitEnded(
                f"release {version} of {name!r} is still on trial ({step}) after {seconds:g} "
                "seconds. The supervisor may not be running: start the server (manage.py run) or "
                "the supervisor (manage.py runplugins)"
            )
        sleep(POLL_SECONDS)


def settle() -> None:
    """Let everybody who keeps a copy of the registry's state catch up."""
    for settler in settlers:
        settler()


def _wait(
    name: str, good: Collection[State], *, hopeless: Collection[State], seconds: float
) -> Plugin:
    deadline = monotonic() + seconds
    while True:
        plugin = Plugin.objects.filter(name=name).first()
        if plugin is None:
            raise WaitEnded(f"plugin {name!r} was uninstalled while waiting for it")
        if plugin.state in good and _is_fresh(plugin):
            return plugin
        if (plugin.state in hopeless and _is_fresh(plugin)) or _was_refused(plugin):
            raise WaitEnded(_seen(plugin))
        if monotonic() >= deadline:
            raise WaitEnded(_timed_out(plugin, seconds))
        sleep(POLL_SECONDS)


def _is_fresh(plugin: Plugin) -> bool:
    """Whether the state was entered after the last wish; before, it answers an older one."""
    return not plugin.is_enabled or plugin.since >= plugin.wished_at


def _was_refused(plugin: Plugin) -> bool:
    """Whether the last wish for a fresh start failed, and what ran before goes on."""
    return plugin.is_enabled and plugin.refused_wish == plugin.wish


def _seen(plugin: Plugin) -> str:
    reason = plugin.reason or "no reason was given"
    return f"plugin {plugin.name!r} is {plugin.get_state_display().lower()}: {reason}"


def _timed_out(plugin: Plugin, seconds: float) -> str:
    hint = (
        "The supervisor may not be running: start the server (manage.py run) or the supervisor "
        "(manage.py runplugins)"
        if not _is_fresh(plugin) or plugin.state == State.STOPPED
        else "Look at its log: manage.py plugin logs " + plugin.name
    )
    return f"{_seen(plugin)} (after {seconds:g} seconds). {hint}"
