"""Operations: everybody can follow them, and nobody waits for one whose worker is gone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from plugins_registry import services
from plugins_registry.exceptions import RegistryError
from plugins_registry.models import Operation
from plugins_registry.services.operating import ABANDONED_SECONDS, operation

pytestmark = pytest.mark.django_db


def test_steps_can_be_read_while_they_are_made() -> None:
    heard: list[tuple[str, str]] = []
    with operation("install", listener=lambda name, text: heard.append((name, text))) as progress:
        progress.step("inspect", "reading the package")
        progress.concerns("demo", "1.0.0")
        progress.step("build", "numpy", done=1, of=3)
        progress.step("build", "pandas", done=2, of=3)
        seen = Operation.objects.get(pk=progress.number)
        assert (seen.plugin, seen.release, seen.state) == ("demo", "1.0.0", "running")
        assert [(step["name"], step["text"], step["done"]) for step in seen.steps] == [
            ("inspect", "reading the package", 0),
            ("build", "pandas", 2),
        ]
    assert heard == [
        ("inspect", "reading the package"),
        ("build", "numpy"),
        ("build", "pandas"),
    ]
    assert Operation.objects.get().state == "done"


def test_a_refusal_is_kept_for_people() -> None:
    with pytest.raises(RegistryError), operation("install"):
        raise RegistryError("it does not fit")
    ended = Operation.objects.get()
    assert (ended.state, ended.reason) == ("failed", "it does not fit")


def test_a_failure_of_ours_shows_nothing_of_the_inside() -> None:
    with pytest.raises(OSError, match="secret"), operation("install"):
        raise OSError("/secret/path")
    assert Operation.objects.get().reason == "the server failed (OSError)"


def test_an_operation_whose_worker_is_gone_is_abandoned() -> None:
    now = timezone.now()
    silent = now - timedelta(seconds=ABANDONED_SECONDS + 1)
    lost = Operation.objects.create(kind="install", seen_at=silent)
    alive = Operation.objects.create(kind="install", seen_at=now)
    assert services.abandon_operations(now=now) == [lost.pk]
    lost.refresh_from_db()
    alive.refresh_from_db()
    assert (lost.state, alive.state) == ("abandoned", "running")
    assert "Begin it again" in lost.reason


def test_old_ones_are_forgotten() -> None:
    old = timezone.now() - timedelta(days=91)
    Operation.objects.create(kind="install", state="done", started_at=old)
    Operation.objects.create(kind="install", state="done")
    services.abandon_operations()
    assert Operation.objects.count() == 1
