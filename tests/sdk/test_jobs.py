"""Background work and schedules as authors meet them, without a host."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any

import pytest

from plexichat_plugin_sdk import (
    LimitReached,
    Plugin,
    ValidationError,
    _background,
    background,
    broadcast,
    jobs,
    scheduled,
    send_message,
)
from plexichat_plugin_sdk._background import MOST_WAITING, THREADS, Workers
from plexichat_plugin_sdk._marks import gather
from plexichat_plugin_sdk._wire.control import JobMark, Unloaded
from plexichat_plugin_sdk._wire.conversation import Answer, Failure
from plexichat_plugin_sdk.events import Event, current_event, handling, next_depth
from plexichat_plugin_sdk.exceptions import OutsideHost

from .child import Child, alive, running, write_plugin

#: What an author may get wrong, and the type checker would not let pass.
WRONG: Any = 7


@pytest.fixture(autouse=True)
def workers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Workers]:
    """Threads of this test's own."""
    fresh = Workers()
    monkeypatch.setattr(_background, "workers", fresh)
    monkeypatch.setattr(jobs, "workers", fresh)
    yield fresh
    assert fresh.finish(5)


# --- Background --------------------------------------------------------------------------------


def test_a_call_runs_in_another_thread_and_the_handle_tells(workers: Workers) -> None:
    task = background(lambda number, plus: (threading.get_ident(), number + plus), 1, plus=2)
    thread, result = task.result(5)
    assert (result, task.done()) == (3, True)
    assert thread != threading.get_ident()


def test_a_function_without_arguments_runs_where_it_is_called(workers: Workers) -> None:
    assert background(lambda: "done").result(5) == "done"


def test_it_decorates_methods_and_functions() -> None:
    class Sample(Plugin):
        @background
        def double(self, number: int) -> int:
            return number * 2

        @background
        async def triple(self, number: int) -> int:
            return number * 3

    plugin: Any = Sample()
    assert (plugin.double(2).result(5), plugin.triple(number=2).result(5)) == (4, 6)
    assert Sample.double.__name__ == "double"


def test_what_it_raises_is_raised_by_result_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    task = background(int, "x")
    with pytest.raises(ValueError, match="invalid literal"):
        task.result(5)
    assert "background int raised" in caplog.text


def test_waiting_too_long_says_so(workers: Workers) -> None:
    go_on = threading.Event()
    task = background(go_on.wait, 5)
    with pytest.raises(TimeoutError, match=r"within 0\.01 s"):
        task.result(0.01)
    go_on.set()
    assert task.result(5)


def test_the_queue_has_an_end_and_what_waits_can_be_cancelled(workers: Workers) -> None:
    go_on, begun = threading.Event(), threading.Semaphore(0)

    def hold() -> None:
        begun.release()
        go_on.wait(5)

    running = [background(hold) for _ in range(THREADS)]
    for _ in running:
        assert begun.acquire(timeout=5)
    waiting = [background(hold) for _ in range(MOST_WAITING)]
    with pytest.raises(LimitReached, match="waiting already"):
        background(hold)
    assert waiting[0].cancel()
    assert not running[0].cancel()

    finishing = threading.Thread(target=workers.finish, args=(5,))
    finishing.start()
    with pytest.raises(CancelledError):
        waiting[1].result(5)
    with pytest.raises(LimitReached, match="being stopped"):
        background(hold)
    go_on.set()
    finishing.join()
    assert all(task.done() for task in running)


def test_work_belongs_to_the_event_it_began_in(workers: Workers) -> None:
    event = Event(event_id="e", hook="h", occurred_at="", attempt=1)
    with handling(event, 3):
        task = background(lambda: (current_event(), next_depth()))
    assert task.result(5) == (event, 4)
    assert next_depth() == 0


def test_only_what_can_be_called_runs() -> None:
    with pytest.raises(ValidationError, match="needs a function"):
        background(WRONG)


# --- Schedules ---------------------------------------------------------------------------------


def test_schedules_are_gathered_with_their_names() -> None:
    class Sample(Plugin):
        @scheduled(every="10m")
        def sweep(self) -> None: ...

        @scheduled(cron=" 0 9 * *  1-5", name="report")
        def send(self) -> None: ...

        @scheduled(datetime.timedelta(hours=1))
        @scheduled(every=30)
        def both(self) -> None: ...

    with pytest.raises(ValidationError, match="job 'both': handled by both and by both"):
        gather(Sample())
    # A `None` takes the marks away.
    silent = type("Silent", (Sample,), {"both": None})
    found = [(job.name, job.every_seconds, job.cron) for job in gather(silent()).jobs]
    assert found == [("sweep", 600.0, ""), ("report", 0.0, "0 9 * * 1-5")]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param({}, "exactly one", id="nothing"),
        pytest.param({"every": 60, "cron": "* * * * *"}, "exactly one", id="both"),
        pytest.param({"every": 1}, "between 5 seconds", id="too often"),
        pytest.param({"every": "400d"}, "between 5 seconds", id="too seldom"),
        pytest.param({"every": float("nan")}, "between 5 seconds", id="not a number"),
        pytest.param({"every": "often"}, "like '30s'", id="a word"),
        pytest.param({"every": True}, "like '30s'", id="a truth"),
        pytest.param({"cron": "* * *"}, "five fields", id="three fields"),
        pytest.param({"cron": "* * * * ;"}, "five fields", id="a strange field"),
        pytest.param({"every": 60, "name": "a b"}, "name of a job", id="a strange name"),
    ],
)
def test_a_schedule_that_makes_no_sense_is_refused(arguments: Any, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        scheduled(**arguments)


# --- Speaking up -------------------------------------------------------------------------------


def test_what_cannot_be_said_is_refused_before_anybody_is_asked() -> None:
    with pytest.raises(ValidationError, match=r"channel_id must be a string.*\n.*metadata must be"):
        send_message(WRONG, "hi", metadata=WRONG)
    with pytest.raises(ValidationError, match="the message"):
        broadcast("/ws", object())
    with pytest.raises(ValidationError, match="not a single string"):
        broadcast("/ws", 1, user_ids="ada")
    for speak in (lambda: send_message("c", "hi"), lambda: broadcast("/ws", 1)):
        with pytest.raises(OutsideHost):
            speak()


# --- In the runner -----------------------------------------------------------------------------

WORKS = """
import threading
class Works(Plugin):
    held = threading.Event()

    @scheduled(every="10m")
    def sweep(self):
        self.logger.info("swept")

    @scheduled(cron="* * * * *")
    async def breaks(self):
        raise KeyError("x")

    @endpoint("/hold")
    def hold(self, request):
        def stay():
            self.logger.info("staying")
            self.held.wait(20)
        background(stay)
        return "begun"
"""


@pytest.fixture
def child(tmp_path: Path) -> Iterator[Child]:
    with running(tmp_path, WORKS) as living:
        yield living


def test_jobs_are_described_and_run(tmp_path: Path) -> None:
    with alive(write_plugin(tmp_path, WORKS)) as child:
        jobs = child.load().jobs
        assert jobs == [JobMark("sweep", 600.0, ""), JobMark("breaks", 0.0, "* * * * *")]
        caller = child.conversation()

        assert isinstance(caller.call("job", "sweep", None), Answer)
        [record] = child.gateway.records(1)
        assert (record["message"], record["call"]) == ("swept", "job sweep")
        failed = caller.call("job", "breaks", None)
        unknown = caller.call("job", "nothing", None)

    assert isinstance(failed, Failure)
    assert (failed.code, failed.message) == ("handler_raised", "KeyError: 'x'")
    assert isinstance(unknown, Failure)
    assert unknown.code == "unknown_target"


def test_background_work_that_does_not_end_in_time_is_told_of(child: Child) -> None:
    assert child.conversation().request("GET /hold")[2] == "begun"
    child.gateway.records(1)
    last_word = child.unload(grace_ms=300)
    assert isinstance(last_word, Unloaded)
    assert "background tasks were still running" in last_word.problem
