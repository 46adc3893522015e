from __future__ import annotations

import time

import pytest

from plugin_runtime.mounts.routes import SOCKET, RouteTable
from plugins_registry.queries import BoardEndpoint

from . import boards


def table(*endpoints: BoardEndpoint) -> RouteTable:
    return RouteTable(boards.board(boards.plugin(endpoints=endpoints)))


def found(routes: RouteTable, path: str, method: str = "GET") -> tuple[str, dict[str, str]] | None:
    route = routes.route(path, method)
    return (route.target.template, route.path_params) if route else None


def test_a_literal_path_is_found_and_its_neighbour_is_not() -> None:
    routes = table(boards.endpoint("/api/v1/polls"))
    assert found(routes, "/api/v1/polls") == ("/api/v1/polls", {})
    assert found(routes, "/api/v1/pollsters") is None


def test_parameters_take_one_segment_each() -> None:
    routes = table(boards.endpoint("/api/v1/polls/{poll}/votes/{vote}"))
    path = "/api/v1/polls/a b/votes/ü"
    assert found(routes, path) == (
        "/api/v1/polls/{poll}/votes/{vote}",
        {"poll": "a b", "vote": "ü"},
    )


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("/api/x/", id="empty"),
        pytest.param("/api/x/a/b", id="slash"),
        pytest.param("/api/x/..", id="dot-dot"),
        pytest.param("/api/x/.", id="dot"),
        pytest.param("/api/x/a\0", id="nul"),
        pytest.param("/api/x/a\n", id="newline"),
        pytest.param("api/x/a", id="no leading slash"),
        pytest.param("/api/x" + "/a" * 40, id="too deep"),
    ],
)
def test_a_parameter_never_holds(path: str) -> None:
    routes = table(boards.endpoint("/api/x/{id}"))
    assert found(routes, path) is None
    assert found(routes, "/api/x/..a") is not None


def test_a_literal_beats_a_parameter_whatever_the_order() -> None:
    both = [boards.endpoint("/api/x/{id}"), boards.endpoint("/api/x/new")]
    for endpoints in (both, both[::-1]):
        assert found(table(*endpoints), "/api/x/new") == ("/api/x/new", {})
        assert found(table(*endpoints), "/api/x/old") == ("/api/x/{id}", {"id": "old"})


def test_where_a_literal_leads_nowhere_the_parameter_is_tried() -> None:
    routes = table(boards.endpoint("/api/x/new/a"), boards.endpoint("/api/x/{id}/b"))
    assert found(routes, "/api/x/new/b") == ("/api/x/{id}/b", {"id": "new"})


def test_each_method_has_its_own_permissions_and_parameter_names() -> None:
    routes = table(
        boards.endpoint("/api/x/{id}", "GET", permissions=("x.read",)),
        boards.endpoint("/api/x/{key}", "DELETE", permissions=("x.delete",)),
    )
    deleting = routes.route("/api/x/1", "DELETE")
    assert deleting is not None
    assert deleting.target.permissions == ("x.delete",)
    assert deleting.path_params == {"key": "1"}


def test_head_is_answered_by_get() -> None:
    route = table(boards.endpoint("/api/x")).route("/api/x", "HEAD")
    assert route is not None
    assert route.method == "GET"


def test_an_own_head_beats_get() -> None:
    route = table(boards.endpoint("/api/x", "GET", "HEAD")).route("/api/x", "HEAD")
    assert route is not None
    assert route.method == "HEAD"


def test_allow_lists_what_a_path_answers() -> None:
    routes = table(boards.endpoint("/api/x", "GET"), boards.endpoint("/api/{any}", "POST"))
    assert routes.methods("/api/x") == ["GET", "HEAD", "OPTIONS", "POST"]
    assert routes.methods("/api/other") == ["OPTIONS", "POST"]
    assert routes.methods("/elsewhere") == []


def test_sockets_and_endpoints_do_not_answer_for_each_other() -> None:
    routes = RouteTable(
        boards.board(
            boards.plugin(endpoints=(boards.endpoint("/api/x"),), sockets=(boards.socket("/ws/x"),))
        )
    )
    assert routes.route("/ws/x", SOCKET) is not None
    assert routes.route("/ws/x", "GET") is None
    assert routes.route("/api/x", SOCKET) is None
    assert routes.methods("/ws/x") == []


def test_of_two_plugins_at_one_path_the_first_stays(caplog: pytest.LogCaptureFixture) -> None:
    first, second = (
        boards.plugin(name, endpoints=(boards.endpoint("/api/x"),)) for name in ("a", "b")
    )
    route = RouteTable(boards.board(first, second)).route("/api/x", "GET")
    assert route is not None
    assert route.target.plugin.name == "a"
    assert "already taken by plugin a" in caplog.text


def test_a_thousand_templates_do_not_slow_a_lookup_down() -> None:
    many = [boards.endpoint(f"/api/v1/p{number}/{{id}}") for number in range(1000)]
    few, routes = table(many[0]), table(*many)
    paths = ("/api/v1/p0/1", "/api/v1/nowhere/1")
    assert _seconds(routes, paths) < 20 * _seconds(few, paths)


def _seconds(routes: RouteTable, paths: tuple[str, ...]) -> float:
    def once() -> float:
        began = time.perf_counter()
        for path in paths * 100:
            routes.route(path, "GET")
        return time.perf_counter() - began

    return min(once() for _ in range(5))
