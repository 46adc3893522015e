"""The lifecycle's table, and the stages that are written down."""

from __future__ import annotations

import pytest

from plugins_registry import services
from plugins_registry.lifecycle import MOVES, way
from plugins_registry.models import LifecycleStage, Plugin
from plugins_registry.services.staging import KEPT, reach
from plugins_registry.states import Stage, State
from tests.registry.conftest import Install

BEFORE_LOADING = (Stage.DISCOVERED, Stage.DEPENDENCIES_RESOLVED, Stage.SECURITY_VALIDATED)


def stages(plugin: Plugin) -> list[str]:
    found = LifecycleStage.objects.filter(release=plugin.release)
    return list(found.values_list("stage", flat=True))


def test_the_table_knows_every_stage_and_the_references_order() -> None:
    assert set(MOVES) == {None, *Stage}
    drawn = [stage for stage in Stage if stage != Stage.FAILED]
    assert way(None, Stage.ACTIVATED) == drawn[:7]
    assert way(Stage.ACTIVATED, Stage.UNLOADED) == [
        Stage.DEACTIVATED,
        Stage.RESOURCES_CLEANED,
        Stage.UNLOADED,
    ]


@pytest.mark.parametrize("stage", BEFORE_LOADING)
def test_no_way_leads_back_before_the_first_load(stage: Stage) -> None:
    assert way(None, stage)[-1] == stage
    with pytest.raises(ValueError, match="there is no way"):
        way(Stage.ACTIVATED, stage)


def test_an_installed_release_is_validated(install: Install) -> None:
    assert stages(install("demo")) == [
        "discovered",
        "dependencies_resolved",
        "security_validated",
    ]


def test_a_life_is_written_down_with_its_reasons(install: Install) -> None:
    plugin = install("demo")
    services.observe("demo", state=State.STOPPED, reason="disabled")
    assert stages(plugin)[-1] == "security_validated"
    services.observe("demo", state=State.STARTING)
    services.observe("demo", state=State.ACTIVE)
    services.observe("demo", state=State.BACKING_OFF, reason="it raised")
    services.observe("demo", state=State.ACTIVE)
    services.observe("demo", state=State.STOPPED, reason="disabled")
    loaded = ["loaded", "hooks_registered", "endpoints_registered", "activated"]
    ended = ["deactivated", "resources_cleaned", "unloaded"]
    assert stages(plugin)[3:] == [*loaded, "failed", *loaded, *ended]
    reasons = LifecycleStage.objects.exclude(reason="").values_list("stage", "reason")
    assert list(reasons) == [("failed", "it raised"), ("unloaded", "disabled")]


def test_reaching_it_again_or_for_a_lost_release_changes_nothing(install: Install) -> None:
    plugin = install("demo")
    assert plugin.release is not None
    reach(plugin.release.pk, Stage.ACTIVATED)
    before = stages(plugin)
    reach(plugin.release.pk, Stage.ACTIVATED)
    reach(4711, Stage.ACTIVATED)
    assert stages(plugin) == before
    assert LifecycleStage.objects.count() == len(before)


def test_a_plugin_that_is_restarted_for_ever_fills_no_table(install: Install) -> None:
    plugin = install("demo")
    assert plugin.release is not None
    for _ in range(20):
        reach(plugin.release.pk, Stage.ACTIVATED)
        reach(plugin.release.pk, Stage.FAILED, "again")
    assert len(stages(plugin)) == KEPT
    assert stages(plugin)[-1] == "failed"
