"""Writing down which stages of its life a release has reached."""

from __future__ import annotations

from django.db.models import QuerySet

from plugins_registry.lifecycle import OBSERVED, way
from plugins_registry.models import LifecycleStage, Release
from plugins_registry.states import Stage, State
from plugins_registry.stored import stored_text

#: Kept per release; a plugin that is restarted for ever must not fill the table.
KEPT = 60
_REASON_CHARACTERS = 500


def reach(release_id: int, stage: Stage, reason: str = "") -> None:
    """Note that a release has reached a stage, with those it passed on the way.

    The reason belongs to the stage that was reached. Reaching the same stage again changes
    nothing; a release that is gone is ignored.
    """
    if not Release.objects.filter(pk=release_id).exists():
        return
    stages = LifecycleStage.objects.filter(release_id=release_id)
    last = stages.order_by("-pk").values_list("stage", flat=True).first()
    passed = way(Stage(last) if last else None, stage)
    text = stored_text(reason, _REASON_CHARACTERS)
    LifecycleStage.objects.bulk_create(
        LifecycleStage(release_id=release_id, stage=each, reason=text if each == stage else "")
        for each in passed
    )
    if passed:
        _forget_oldest(release_id)


def follow(release_id: int, state: State, reason: str = "") -> None:
    """Note the stage that an observed state stands for."""
    stages = LifecycleStage.objects.filter(release_id=release_id)
    stage = OBSERVED.get(state)
    if stage is None or (stage == Stage.UNLOADED and not _was_ever_loaded(stages)):
        return
    reach(release_id, stage, reason)


def _was_ever_loaded(stages: QuerySet[LifecycleStage]) -> bool:
    return stages.filter(stage=Stage.LOADED).exists()


def _forget_oldest(release_id: int) -> None:
    stages = LifecycleStage.objects.filter(release_id=release_id).order_by("-pk")
    oldest = stages.values_list("pk", flat=True)[KEPT : KEPT + 1].first()
    if oldest is not None:
        stages.filter(pk__lte=oldest).delete()
