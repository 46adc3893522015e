"""Jobs come due in a test when they come due on the server."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from plexichat_plugin_sdk.testing import _schedules
from plugin_runtime.jobs import schedules

BEGIN = datetime(2026, 11, 22, 10, 0, 30, tzinfo=UTC)
CRONS = (
    *("0 9 * * 1-5", "* * * * *", "*/15 10 * * 0", "30 2 1 * *", "0 0 29 2 *", "0 12 24 12 4"),
    *("5,35 8-18/2 * * *", "0 0 1 jan,jul *", "0 6 * * mon-fri", "10-50/20 * * * *"),
)


@pytest.mark.parametrize("cron", CRONS)
def test_a_cron_text_means_the_same(cron: str) -> None:
    moment = BEGIN
    for _ in range(5):
        expected = schedules.next_after(moment, every_seconds=0, cron=cron, due_at=moment)
        assert _schedules.next_after(moment, every_seconds=0, cron=cron, due=moment) == expected
        moment = expected


@pytest.mark.parametrize("seconds", [5, 30.5, 600, 86_400])
def test_a_period_means_the_same(seconds: float) -> None:
    due = datetime(2026, 11, 22, 9, 58, tzinfo=UTC)
    expected = schedules.next_after(BEGIN, every_seconds=seconds, cron="", due_at=due)
    assert _schedules.next_after(BEGIN, every_seconds=seconds, cron="", due=due) == expected
