from __future__ import annotations

from plugin_runtime.mounts import lookup

from . import boards
from .conftest import Boards

POLLS = boards.plugin(endpoints=(boards.endpoint("/api/polls"),))


def test_a_known_path_asks_the_registry_nothing(shown: Boards) -> None:
    shown.show(POLLS)
    assert lookup.find("/api/polls", "GET") is not None
    assert shown.looks == 0


def test_a_plugin_enabled_a_moment_ago_answers_at_once(shown: Boards) -> None:
    shown.change_unnoticed(POLLS)
    assert lookup.find("/api/polls", "GET") is not None
    assert shown.looks == 1


def test_a_plugin_started_a_moment_ago_answers_at_once(shown: Boards) -> None:
    shown.show(boards.plugin(state="starting", endpoints=POLLS.endpoints))
    shown.change_unnoticed(POLLS)
    route = lookup.find("/api/polls", "GET")
    assert route is not None
    assert lookup.is_active(route)


def test_the_table_is_compiled_once_per_board(shown: Boards) -> None:
    shown.show(POLLS)
    first = lookup.table()
    assert lookup.table() is first
    shown.show(boards.plugin("other"))
    assert lookup.table() is not first
