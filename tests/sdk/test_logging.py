"""The plugin's logger: an ordinary one, that takes anything and never fails."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest

from plexichat_plugin_sdk import _host
from plexichat_plugin_sdk.logging import HostHandler, OthersOnly, as_arguments, get_logger
from tests.sdk.test_plugin import FakeHost


@pytest.fixture
def told() -> Iterator[list[tuple[str, dict[str, Any]]]]:
    host = FakeHost()
    _host.bind(host)
    yield host.told
    _host.bind(None)


Told = list[tuple[str, dict[str, Any]]]


def test_a_record_reaches_the_host(told: Told) -> None:
    get_logger("sample").warning("hello %s", "you", extra={"user_id": "u"})
    assert told == [
        (
            "log.record",
            {
                "level": logging.WARNING,
                "logger": "plugin.sample",
                "message": "hello you",
                "extra": {"user_id": "u"},
                "exception": "",
                "call": "",
                "call_id": "",
            },
        )
    ]


def test_extra_may_hold_the_names_of_record_attributes(told: Told) -> None:
    extra = {"message": "m", "name": "n", "args": 1, "plugin": "p", "asctime": "t"}
    get_logger("sample").error("x", extra=extra)
    assert told[0][1]["extra"] == extra


def test_extra_that_is_no_mapping_is_ignored(told: Told) -> None:
    get_logger().error("x", extra=["nonsense"])  # type: ignore[arg-type]
    assert told[0][1]["extra"] == {}


def test_arguments_that_do_not_fit_do_not_lose_the_message() -> None:
    record = logging.makeLogRecord(
        {"msg": "only %d", "args": ("text",), "levelno": 20, "name": "x"}
    )
    said = as_arguments(record)["message"]
    assert said == "'only %d' with arguments that do not fit it: ('text',)"


def test_the_level_is_info_until_it_is_set(told: Told) -> None:
    logger = get_logger("levels")
    logger.debug("unseen")
    logger.setLevel("DEBUG")
    logger.debug("seen")
    assert [arguments["message"] for _, arguments in told] == ["seen"]


def test_everything_is_cut(told: Told) -> None:
    try:
        raise ValueError("e" * 50_000)
    except ValueError:
        get_logger().exception("m" * 50_000, extra={"x": "y" * 50_000})
    sizes = [len(str(told[0][1][part])) for part in ("message", "extra", "exception")]
    assert sizes[0] <= 8193
    assert all(size <= 16 * 1024 + 16 for size in sizes[1:])


def test_without_a_host_records_go_the_usual_way(caplog: pytest.LogCaptureFixture) -> None:
    get_logger("sample").info("hello", extra={"name": "n", "colour": "red"})
    assert caplog.messages == ["hello"]
    assert caplog.records[0].colour == "red"  # type: ignore[attr-defined]


def test_standard_loggers_are_understood_too() -> None:
    record = logging.makeLogRecord({"msg": "x", "name": "library", "levelno": 20, "colour": "red"})
    assert as_arguments(record)["extra"] == {"colour": "red"}


def test_the_root_handler_leaves_the_plugins_own_records_alone() -> None:
    names = ["plugin", "plugin.sample", "plugins", "library"]
    records = [logging.makeLogRecord({"name": name}) for name in names]
    assert [OthersOnly().filter(record) for record in records] == [False, False, True, True]


def test_a_value_that_refuses_to_be_looked_at_does_not_reach_the_author(
    told: Told, capsys: pytest.CaptureFixture[str]
) -> None:
    class Hostile(dict[str, Any]):
        def items(self) -> Any:
            raise RuntimeError("no")

    get_logger().info("x", extra={"a": Hostile()})
    assert told == []
    assert "RuntimeError: no" in capsys.readouterr().err


def test_there_is_one_logger_per_name_and_one_handler() -> None:
    assert get_logger("a") is get_logger("a")
    assert get_logger("plugin") is get_logger() is logging.getLogger("plugin")
    assert [type(each) for each in get_logger().handlers] == [HostHandler]
