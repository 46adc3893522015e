"""What plugins log: bounded in rate, size and age, kept whole by several writers."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from plexichat.bootstrap import ROOT
from plugin_runtime import log_files
from plugin_runtime.gateway import records
from plugin_runtime.gateway.records import Journal
from plugin_runtime.log_files import LogFile
from plugins_registry import services
from tests.running import on_this_database
from tests.waiting import wait_for

Read = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def logs(tmp_path: Path, settings: Any) -> Path:
    settings.PLEXICHAT_HOME = tmp_path
    return tmp_path / "logs" / "plugins"


@pytest.fixture
def journal(logs: Path) -> Iterator[Journal]:
    opened = Journal("talker")
    yield opened
    opened.close()


@pytest.fixture
def read(logs: Path) -> Read:
    """The lines that are kept, the oldest first."""

    def lines() -> list[dict[str, Any]]:
        paths = [logs / "talker.jsonl.1", logs / "talker.jsonl"]
        texts = [path.read_text() for path in paths if path.exists()]
        return [json.loads(line) for line in "".join(texts).splitlines()]

    return lines


def test_a_record_says_who_wrote_it_and_in_which_call(
    journal: Journal, read: Read, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "plexichat.plugin")
    fields = {"level": 40, "logger": "plugin.talker", "message": "no", "extra": {"user_id": "u"}}
    journal.record("1.2.0", {**fields, "call": "event user_login", "call_id": "e1"})
    (line,) = read()
    assert datetime.now(UTC) - datetime.fromisoformat(line.pop("time")) < timedelta(minutes=1)
    known = {"release": "1.2.0", "call": "event user_login", "call_id": "e1"}
    assert line == {**fields, **known, "level": "ERROR", "exception": ""}
    (record,) = caplog.records
    said = {name: vars(record)[name] for name in ("plugin", *known)}
    assert said == {"plugin": "talker", **known}
    assert (record.levelno, record.getMessage()) == (40, "no")


def test_nothing_that_a_record_says_of_itself_is_believed(journal: Journal, read: Read) -> None:
    forged = {"release": "9", "plugin": "other", "time": "1970-01-01T00:00:00+00:00"}
    journal.record("1.0", {"message": "m", **forged})
    (line,) = read()
    assert line["release"] == "1.0"
    assert line["time"] > "2020"
    assert "plugin" not in line


def test_it_is_said_how_many_lines_were_dropped_though_nothing_follows(
    logs: Path, read: Read, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.PLEXICHAT_PLUGIN_LOG_LINES_PER_SECOND = 0.1
    monkeypatch.setattr(records, "REPORT_SECONDS", 0.01)
    journal = Journal("talker")
    for _ in range(5):
        journal.record("1.0", {"message": "m"})
    wait_for(lambda: len(read()) == 2, what="the report")
    said, report = read()
    assert said["message"] == "m"
    assert (report["level"], report["extra"]) == ("WARNING", {"dropped": 4})
    assert report["message"].startswith("4 lines were dropped: more than")
    journal.record("1.0", {"message": "m"})
    journal.close()
    assert [line["extra"] for line in read()] == [{}, {"dropped": 4}, {"dropped": 1}]


def test_a_line_is_bounded_whatever_is_in_it(journal: Journal, logs: Path) -> None:
    long = "\x00" * 1_000_000
    fields = dict.fromkeys(("message", "logger", "exception", "call", "call_id"), long)
    journal.record("1.0", {**fields, "extra": {"x": long}})
    assert (logs / "talker.jsonl").stat().st_size < 300_000


def test_a_full_disk_fails_no_question(
    journal: Journal, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(line: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(journal._file, "write", full)
    journal.record("1.0", {"message": "heard all the same"})
    assert caplog.messages == ["a plugin's log cannot be written", "heard all the same"]


def test_a_full_file_is_put_aside_and_two_are_kept(logs: Path) -> None:
    file = LogFile("talker", bytes_limit=100)
    for number in range(10):
        file.write(f"{number:039}")
    file.close()
    assert sorted(os.listdir(logs)) == ["talker.jsonl", "talker.jsonl.1"]
    assert [int(line) for line in (logs / "talker.jsonl.1").read_text().split()] == [6, 7]
    assert [int(line) for line in (logs / "talker.jsonl").read_text().split()] == [8, 9]
    assert (logs / "talker.jsonl").stat().st_mode & 0o777 == 0o600


def test_a_removed_file_is_begun_anew(logs: Path) -> None:
    file = LogFile("talker", bytes_limit=1000)
    file.write("before")
    (logs / "talker.jsonl").unlink()
    file.write("after")
    file.close()
    assert (logs / "talker.jsonl").read_text() == "after\n"


def test_several_writers_tear_and_lose_nothing(logs: Path) -> None:
    """Each has descriptors of its own, as two gateways have: their locks keep them apart."""
    count, writers = 300, 4

    def write(number: int) -> None:
        file = LogFile("talker", bytes_limit=40_000)  # put aside once, and not twice
        for at in range(count):
            file.write(json.dumps([number, at, "x" * 30]))
        file.close()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    text = (logs / "talker.jsonl.1").read_text() + (logs / "talker.jsonl").read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    for number in range(writers):
        assert [at for writer, at, _ in lines if writer == number] == list(range(count))


class TestAge:
    """Lines that are too old go, and only they."""

    NOW = datetime(2026, 3, 31, tzinfo=UTC)

    def line(self, days: int) -> str:
        return json.dumps({"time": (self.NOW - timedelta(days=days)).isoformat()}) + "\n"

    def forget(self) -> None:
        log_files.forget_old(now=self.NOW, days=30)

    @pytest.mark.parametrize(
        ("older", "current", "left"),
        [
            ([40, 35], [33, 20], [20]),
            ([40, 20], [10, 5], [20, 10, 5]),
            ([], [31, 29, 1], [29, 1]),
            ([31], [], []),
            ([40], [32], []),
            ([29, 28], [27], [29, 28, 27]),
        ],
    )
    def test_only_what_is_young_is_kept(
        self, read: Read, logs: Path, older: list[int], current: list[int], left: list[int]
    ) -> None:
        log_files.folder()
        for name, days in (("talker.jsonl.1", older), ("talker.jsonl", current)):
            if days:
                (logs / name).write_text("".join(map(self.line, days)))
        self.forget()
        assert [(self.NOW - datetime.fromisoformat(line["time"])).days for line in read()] == left

    def test_a_writer_goes_on_after_it(self, logs: Path, read: Read) -> None:
        file = LogFile("talker", bytes_limit=1000)
        file.write(self.line(50).strip())
        self.forget()
        file.write(self.line(0).strip())
        file.close()
        assert len(read()) == 1
        assert sorted(os.listdir(logs)) == ["talker.jsonl"]

    def test_lines_that_are_no_records_are_old(self, logs: Path, read: Read) -> None:
        log_files.folder()
        (logs / "talker.jsonl").write_text("torn\n[]\n" + self.line(1))
        self.forget()
        assert len(read()) == 1


@pytest.fixture
def follow(transactional_db: None, home: Path, tmp_path: Path) -> Iterator[Any]:
    """Starts `plugin logs talker --follow` in a process of its own."""
    folder = tmp_path / "talker"
    folder.mkdir()
    (folder / "plugin.yaml").write_text('plugin: {name: talker, version: "1.0"}\n')
    (folder / "plugin.py").write_text("")
    services.install(folder, allow_unsigned=True)
    started: list[subprocess.Popen[str]] = []

    def start(*words: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "django", "plugin", "logs", "talker", "--follow", *words]
        environment = {**os.environ, **on_this_database(home)}
        started.append(
            subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment,
                stdout=subprocess.PIPE,
                text=True,
                bufsize=1,
                # A suite that runs in a shell's background ignores Ctrl-C, and so would this.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            )
        )
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_a_log_is_followed_through_rotation_from_outside(follow: Any, home: Path) -> None:
    file = LogFile("talker", bytes_limit=1500)

    def log(message: str, level: str = "ERROR") -> None:
        time = datetime.now(UTC).isoformat(timespec="milliseconds")
        file.write(json.dumps({"time": time, "level": level, "message": message, "release": "1"}))

    log("unseen: too harmless", "INFO")
    log("unseen: not looked for")
    log("Wanted: before")
    process = follow("--level", "warning", "--since", "1h", "--search", "wanted", "--json")
    assert json.loads(process.stdout.readline())["message"] == "Wanted: before"
    for batch in range(4):
        said = [f"wanted: {batch} {number} \x1b[2J" for number in range(5)]
        for message in said:
            log(message)
        lines = [process.stdout.readline() for _ in said]
        assert "\x1b" not in "".join(lines)
        assert [json.loads(line)["message"] for line in lines] == said
    file.close()
    assert (home / "logs" / "plugins" / "talker.jsonl.1").exists()
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
