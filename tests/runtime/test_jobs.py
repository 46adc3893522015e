"""Scheduled jobs: found due, run once, beside everything else, and told about."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from plexichat.chat.live import auth
from plexichat_plugin_sdk._wire.control import JobMark
from plugin_runtime import conversations, tasks
from plugin_runtime.events import recorder
from plugin_runtime.exceptions import DeadlinePassed, PluginFault, PluginLost, PluginUnavailable
from plugin_runtime.jobs import runner, schedules
from plugins_registry import services
from plugins_registry.exceptions import DescriptionRefused
from plugins_registry.models import Job, Plugin, Problem, Release
from plugins_registry.services import JobOffer
from tests.mounts.sockets import connected, person
from tests.platform import Platform

# --- When --------------------------------------------------------------------------------------

SUNDAY = datetime(2026, 11, 22, 10, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        pytest.param("0 9 * * 1-5", "2026-11-23T09:00:00", id="working days at nine"),
        pytest.param("* * * * *", "2026-11-22T10:01:00", id="every minute"),
        pytest.param("*/15 10 * * 0", "2026-11-22T10:15:00", id="today, zero is Sunday"),
        pytest.param("30 2 1 * *", "2026-12-01T02:30:00", id="once a month"),
        pytest.param("0 0 29 2 *", "2028-02-29T00:00:00", id="on leap days"),
        pytest.param("0 12 24 12 4", "2026-12-24T12:00:00", id="day of month and of week"),
    ],
)
def test_a_cron_text_says_when(cron: str, expected: str) -> None:
    found = schedules.next_after(SUNDAY, every_seconds=0, cron=cron, due_at=SUNDAY)
    assert found == datetime.fromisoformat(f"{expected}+00:00")


def test_periods_count_from_when_they_were_due_and_skip_what_was_missed() -> None:
    due = SUNDAY - timedelta(seconds=95)
    found = schedules.next_after(SUNDAY, every_seconds=30, cron="", due_at=due)
    assert found == SUNDAY + timedelta(seconds=25)


@pytest.mark.parametrize(
    ("mark", "words"),
    [
        pytest.param(JobMark("x", 0, "61 * * * *"), "makes no sense", id="no such minute"),
        pytest.param(JobMark("x", 0, "0 0 31 2 *"), "makes no sense", id="no such day"),
        pytest.param(JobMark("x", 0, "* * *"), "makes no sense", id="three fields"),
        pytest.param(JobMark("x", 0, "1," * 200 + "1 * * * *"), "more than", id="too long"),
        pytest.param(JobMark("x", 1, ""), "5 seconds", id="too often"),
        pytest.param(JobMark("x", float("nan"), ""), "5 seconds", id="not a number"),
        pytest.param(JobMark("x", 60, "* * * * *"), "a cron text, or", id="both"),
        pytest.param(JobMark("a b", 60, ""), "its name", id="a strange name"),
    ],
)
def test_what_makes_no_sense_is_refused_at_load(mark: JobMark, words: str) -> None:
    with pytest.raises(DescriptionRefused, match=words):
        schedules.offers_of("nightly", [mark, JobMark("fine", 60, "")], now=SUNDAY)


def test_two_jobs_of_one_name_and_too_many_jobs_are_refused() -> None:
    with pytest.raises(DescriptionRefused, match="two of this name"):
        schedules.offers_of("nightly", [JobMark("x", 60, ""), JobMark("x", 90, "")], now=SUNDAY)
    many = [JobMark(f"x{number}", 60, "") for number in range(schedules.MOST_JOBS + 1)]
    with pytest.raises(DescriptionRefused, match="at most 50"):
        schedules.offers_of("nightly", many, now=SUNDAY)


# --- Who runs it -------------------------------------------------------------------------------

Jobs = Callable[..., Any]


@pytest.fixture
def offer(db: None) -> Jobs:
    """An installed, running plugin; returns a function that makes its jobs due a minute ago."""
    nightly = Plugin.objects.create(name="nightly", state="active")
    release = Release.objects.create(
        plugin=nightly, version="1.0.0", digest="d", path="p", manifest={}
    )
    Plugin.objects.filter(pk=nightly.pk).update(release=release, wanted="enabled")

    def make_due(*names: str, every: float = 3600) -> None:
        first = timezone.now() - timedelta(seconds=60)
        offers = [
            JobOffer(name=name, every_seconds=every, cron="", first_at=first) for name in names
        ]
        services.offer_jobs(release.pk, offers)

    return make_due


@pytest.fixture
def remote(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the plugin was asked to run; an exception put into it is raised by the next run."""
    calls: list[Any] = []

    def call(plugin: str, kind: str, target: str, payload: Any, *, deadline_ms: int) -> None:
        ending = calls.pop() if calls and isinstance(calls[-1], Exception) else None
        calls.append((plugin, kind, target, payload, deadline_ms))
        if ending is not None:
            raise ending

    monkeypatch.setattr(conversations, "call", call)
    return calls


def run_due() -> Any:
    """Take what is due and run it in this thread."""
    for due in services.due_jobs(10):
        taken = services.take_job(due.plugin, due.name, seconds=30)
        assert taken is not None
        runner.run(taken)
    return Job.objects.order_by("name").first()


def test_a_due_job_is_run_once_and_then_waits_for_its_next_time(
    offer: Jobs, remote: list[Any]
) -> None:
    offer("sweep")
    job = run_due()
    assert services.due_jobs(10) == []

    assert remote == [("nightly", "job", "sweep", None, 300_000)]
    assert (job.last_outcome, job.runs, job.failures, job.holder) == ("ok", 1, 0, "")
    assert timedelta(0) < job.next_at - timezone.now() < timedelta(seconds=3600)


def test_only_one_may_take_a_job_and_a_plugin_runs_one_at_a_time(offer: Jobs) -> None:
    offer("first", "second")
    assert [due.name for due in services.due_jobs(10)] == ["first"]
    taken = services.take_job("nightly", "first", seconds=30)
    assert taken is not None

    assert services.take_job("nightly", "first", seconds=30) is None
    assert services.take_job("nightly", "second", seconds=30) is None
    assert services.due_jobs(10) == []
    later = timezone.now() + timedelta(seconds=31)  # its worker has died
    again = services.take_job("nightly", "first", seconds=30, now=later)
    assert (again and again.attempt) == 2


def test_a_kept_lease_does_not_end(offer: Jobs) -> None:
    offer("sweep")
    taken = services.take_job("nightly", "sweep", seconds=30)
    assert taken is not None
    services.keep_jobs([taken.holder], seconds=60)
    later = timezone.now() + timedelta(seconds=31)
    assert services.take_job("nightly", "sweep", seconds=30, now=later) is None


@pytest.mark.parametrize("state", ["stopped", "backing_off", "quarantined"])
def test_a_plugin_that_does_not_run_keeps_its_job_due(offer: Jobs, state: str) -> None:
    offer("sweep")
    Plugin.objects.update(state=state)
    assert services.due_jobs(10) == []
    Plugin.objects.update(state="active")
    assert len(services.due_jobs(10)) == 1


@pytest.mark.parametrize(
    "failure",
    [
        pytest.param(
            PluginFault("nightly", "handler_raised", "KeyError: x", {"traceback": "line 7"}),
            id="it raised",
        ),
        pytest.param(DeadlinePassed("nightly", "no answer"), id="it took too long"),
    ],
)
def test_a_failing_job_is_one_problem_and_runs_again_at_its_time(
    offer: Jobs, remote: list[Any], failure: Exception
) -> None:
    offer("sweep")
    remote.append(failure)
    job = run_due()
    services.run_job_now("nightly", "sweep")
    remote.append(failure)
    job = run_due()

    assert (job.last_outcome, job.runs, job.failures) == ("failed", 2, 2)
    problem = Problem.objects.get(plugin__name="nightly")
    assert (problem.key, problem.count) == ("job:sweep", 2)
    assert "plugin jobs nightly --run sweep" in problem.message
    assert job.next_at > timezone.now()


def test_a_run_that_was_cut_off_happens_again_and_fails_after_three_times(
    offer: Jobs, remote: list[Any]
) -> None:
    offer("sweep")
    for attempt in (1, 2, 3):
        remote.append(PluginLost("nightly", "gone"))
        job = run_due()
        assert (job.attempts, job.last_outcome) == (attempt, "")
    remote.clear()
    job = run_due()

    assert remote == []
    assert (job.last_outcome, "cut off" in job.last_error) == ("failed", True)


def test_a_run_that_never_began_is_no_attempt(offer: Jobs, remote: list[Any]) -> None:
    offer("sweep")
    remote.append(PluginUnavailable("nightly", "restarting"))
    job = run_due()
    assert (job.attempts, job.last_outcome, job.holder) == (0, "", "")
    assert len(services.due_jobs(10)) == 1


def test_jobs_follow_what_the_release_offers(offer: Jobs) -> None:
    offer("old", "kept", "changed")
    kept = Job.objects.get(name="kept").next_at
    offer("kept")
    offer("kept", "new")
    assert sorted(Job.objects.values_list("name", flat=True)) == ["kept", "new"]
    assert Job.objects.get(name="kept").next_at == kept
    offer("kept", every=60)
    assert Job.objects.get(name="kept").next_at != kept


def test_a_release_that_is_only_tried_changes_no_jobs(offer: Jobs) -> None:
    offer("sweep")
    tried = Release.objects.create(
        plugin=Plugin.objects.get(), version="2", digest="e", path="q", manifest={}
    )
    services.offer_jobs(tried.pk, [])
    assert Job.objects.count() == 1


# --- The command -------------------------------------------------------------------------------


def command(*words: str) -> str:
    out = StringIO()
    call_command("plugin", "jobs", "nightly", *words, stdout=out)
    return out.getvalue()


def test_the_command_lists_jobs_and_makes_one_due(offer: Jobs, remote: list[Any]) -> None:
    assert "no scheduled jobs" in command()
    offer("sweep")
    run_due()

    [row] = json.loads(command("--json"))
    assert (row["name"], row["schedule"], row["last_outcome"]) == ("sweep", "every 3600 s", "ok")
    assert "sweep" in command()
    assert "within seconds" in command("--run", "sweep")
    assert [due.name for due in services.due_jobs(10)] == ["sweep"]
    with pytest.raises(CommandError, match="its jobs are: sweep"):
        command("--run", "nothing")


# --- For real ----------------------------------------------------------------------------------

CODE = """
    import time
    from datetime import timedelta
    from plexichat_plugin_sdk import Plugin, background, emit_hook, endpoint, hook, scheduled
    from plexichat_plugin_sdk import websocket_endpoint

    class Works(Plugin):
        ran = []

        @scheduled(every="1h")
        def sweep(self):
            self.ran.append("sweep")
            emit_hook("listens_wanted", {"from": "job"})

        @scheduled(cron="0 9 * * 1-5", name="report")
        async def send_report(self):
            self.ran.append("report")

        @scheduled(every=timedelta(days=1))
        def breaks(self):
            raise KeyError("nothing here")

        @background
        def later(self, value):
            emit_hook("listens_wanted", {"from": "background"})
            return value * 2

        @background
        async def later_still(self):
            self.ran.append("async")

        @background
        def fails(self):
            return 1 / 0

        @hook("works_wanted")
        def hear(self, data):
            emit_hook("listens_wanted", {"from": "hook"})

        @websocket_endpoint("/ws/works")
        def talk(self, websocket):
            emit_hook("listens_wanted", {"from": "socket"})
            websocket.send_json("done")

        @endpoint("/api/v1/works/ran")
        def show(self, request):
            return self.ran

        @endpoint("/api/v1/works/begin", methods=["POST"])
        def begin(self, request):
            emit_hook("listens_wanted", {"from": "endpoint"})
            self.later_still().result(10)
            failing = self.fails()
            try:
                failing.result(10)
            except ZeroDivisionError:
                pass
            return [self.later(21).result(10), background(max, 1, 2).result(10), failing.done()]
"""


@pytest.fixture
def works(platform: Platform) -> Iterator[Platform]:
    """A platform on which one plugin works; another one listens to what it emits."""
    platform.install("listens")
    platform.install(platform.write("works", CODE))
    yield platform
    assert runner.runner.wait(10)


def ask(plugin: str, target: str) -> Any:
    method, _, path = target.partition(" ")
    request = {"user_id": "u", "method": method, "path": path, "body": {}}
    return conversations.call(plugin, "endpoint", target, request, deadline_ms=20_000)[2]


def run_now(*names: str) -> None:
    for name in names:
        services.run_job_now("works", name)
        tasks.sweep()
        assert runner.runner.wait(10)


def heard() -> list[str]:
    """Where the events came from that the listening plugin was told of."""
    tasks.deliver("listens")
    told = ask("listens", "GET /api/v1/listens")
    return sorted(data["from"] for hook, data, *_ in told if hook == "listens_wanted")


@pytest.mark.backends
def test_jobs_run_in_the_sandbox(works: Platform) -> None:
    tasks.sweep()  # nothing is due yet
    assert ask("works", "GET /api/v1/works/ran") == []

    run_now("sweep", "report", "breaks")

    assert ask("works", "GET /api/v1/works/ran") == ["sweep", "report"]
    outcomes = dict(Job.objects.values_list("name", "last_outcome"))
    assert outcomes == {"sweep": "ok", "report": "ok", "breaks": "failed"}
    problem = Problem.objects.get(key="job:breaks")
    assert "nothing here" in problem.message
    assert 'raise KeyError("nothing here")' in problem.details["traceback"]
    assert heard() == ["job"]


def test_a_hook_and_a_socket_emit_too(works: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    async def identify(scope: Any) -> Any:
        return person()

    monkeypatch.setattr(auth, "identify", identify)

    async def scene() -> None:
        socket = await connected("/ws/works")
        assert json.loads(await socket.receive_from(10)) == "done"
        await socket.disconnect(timeout=10)

    asyncio.run(scene())
    recorder.tell_others("works_wanted", {}, origin="somebody")
    tasks.deliver("works")

    assert heard() == ["hook", "socket"]


@pytest.mark.backends
def test_two_workers_that_sweep_at_once_run_a_job_once(works: Platform) -> None:
    services.run_job_now("works", "sweep")
    runners = [runner.Runner(), runner.Runner()]
    threads = [threading.Thread(target=each.start_due) for each in runners]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(each.wait(10) for each in runners)
    assert ask("works", "GET /api/v1/works/ran") == ["sweep"]


@pytest.mark.backends
def test_background_work_runs_beside_the_call_and_its_failure_is_a_problem(
    works: Platform,
) -> None:
    assert ask("works", "POST /api/v1/works/begin") == [42, 2, True]
    assert ask("works", "GET /api/v1/works/ran") == ["async"]
    problem = Problem.objects.get(key="background")
    assert "ZeroDivisionError" in problem.message
    assert "return 1 / 0" in problem.details["traceback"]
    assert heard() == ["background", "endpoint"]
