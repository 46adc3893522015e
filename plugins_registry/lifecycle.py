"""The lifecycle as a table: which stage may follow which. Pure."""

from __future__ import annotations

from collections import deque

from plugins_registry.states import Stage, State

_RUNNING = (
    Stage.LOADED,
    Stage.HOOKS_REGISTERED,
    Stage.ENDPOINTS_REGISTERED,
    Stage.ACTIVATED,
)

#: Where a release may go from each stage; a failure may end every one in which a process runs.
MOVES: dict[Stage | None, tuple[Stage, ...]] = {
    None: (Stage.DISCOVERED,),
    Stage.DISCOVERED: (Stage.DEPENDENCIES_RESOLVED,),
    Stage.DEPENDENCIES_RESOLVED: (Stage.SECURITY_VALIDATED,),
    Stage.SECURITY_VALIDATED: (Stage.LOADED, Stage.FAILED),
    Stage.LOADED: (Stage.HOOKS_REGISTERED, Stage.RESOURCES_CLEANED, Stage.FAILED),
    Stage.HOOKS_REGISTERED: (Stage.ENDPOINTS_REGISTERED, Stage.RESOURCES_CLEANED, Stage.FAILED),
    Stage.ENDPOINTS_REGISTERED: (Stage.ACTIVATED, Stage.RESOURCES_CLEANED, Stage.FAILED),
    Stage.ACTIVATED: (Stage.DEACTIVATED, Stage.FAILED),
    Stage.DEACTIVATED: (Stage.RESOURCES_CLEANED, Stage.FAILED),
    Stage.RESOURCES_CLEANED: (Stage.UNLOADED,),
    Stage.UNLOADED: (Stage.LOADED, Stage.FAILED),
    Stage.FAILED: (Stage.LOADED, Stage.UNLOADED),
}

#: The stage that an observed state stands for; starting is none of its own.
OBSERVED = {
    State.ACTIVE: Stage.ACTIVATED,
    State.STOPPING: Stage.DEACTIVATED,
    State.STOPPED: Stage.UNLOADED,
    State.BACKING_OFF: Stage.FAILED,
    State.QUARANTINED: Stage.FAILED,
}


def way(since: Stage | None, to: Stage) -> list[Stage]:
    """Return the shortest legal way to a stage, without the one it starts from.

    Whoever observes may miss stages between two looks; they were passed all the same. Empty when
    it is there already. Every stage can be reached from every other but those before a release
    has ever been loaded: raises `ValueError` for these.
    """
    if since == to:
        return []
    ways: deque[list[Stage]] = deque([stage] for stage in MOVES[since])
    seen: set[Stage] = set()
    while ways:
        found = ways.popleft()
        if found[-1] == to:
            return found
        # Nobody passes through a failure without being told of it.
        if found[-1] not in seen and found[-1] != Stage.FAILED:
            seen.add(found[-1])
            ways.extend([*found, following] for following in MOVES[found[-1]])
    raise ValueError(f"there is no way from {since} to {to}")


def was_running(stage: Stage | None) -> bool:
    """Whether a release in this stage has a process."""
    return stage in _RUNNING or stage == Stage.DEACTIVATED
