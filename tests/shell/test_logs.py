"""How log lines look, and which are dropped."""

from __future__ import annotations

import logging
import sys
from types import SimpleNamespace

import pytest
from django.test import Client

from plexichat.logs import News, TextFormatter

#: Those that are replaced; the rest of an escape sequence is only text.
HARMLESS = dict.fromkeys(map(ord, "\x1b\x9b\r\x07\u202e\x00"), "\ufffd")


def line_of(**facts: object) -> str:
    record = logging.makeLogRecord({"msg": "plugin %s", "args": ("active",), **facts})
    return TextFormatter("{message}", style="{").format(record)


def test_a_line_ends_with_its_facts() -> None:
    assert line_of(plugin="polls", state="active") == "plugin active (plugin=polls, state=active)"


def test_a_line_without_facts_stays_as_it_is() -> None:
    assert line_of(reason="") == "plugin active"


def test_long_facts_are_cut() -> None:
    assert len(line_of(reason="x" * 10_000)) < 300


@pytest.mark.parametrize("words", ["\x1b[2J", "\x9b2J", "\r", "\x07", "\u202e", "\x00"])
def test_no_words_steer_the_terminal(words: str) -> None:
    clean = words.translate(HARMLESS)
    assert clean != words
    assert line_of(msg="a%sb", args=(words,), reason=words) == f"a{clean}b (reason={clean})"


def test_no_words_look_like_another_record() -> None:
    assert line_of(msg="a\nERROR b", args=()) == "a\n    ERROR b"


def test_tracebacks_keep_their_lines() -> None:
    try:
        raise ValueError("x\x1by")
    except ValueError:
        line = line_of(exc_info=sys.exc_info())
    assert "\n    Traceback" in line
    assert line.endswith("ValueError: x\ufffdy")


@pytest.mark.parametrize(
    ("path", "is_kept"),
    [pytest.param("/healthz", False, id="health"), pytest.param("/api", True, id="others")],
)
def test_only_the_health_page_is_no_news(path: str, is_kept: bool) -> None:
    record = logging.makeLogRecord({"request": SimpleNamespace(path=path)})
    assert News().filter(record) is is_kept


def test_a_foreign_host_name_is_one_line(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    answer = client.get("/healthz", headers={"host": "elsewhere.example"})
    assert answer.status_code == 400
    (record,) = [each for each in caplog.records if each.name == "django.security.DisallowedHost"]
    assert "elsewhere.example" in record.getMessage()
    assert record.exc_info is None
