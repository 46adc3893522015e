from __future__ import annotations

from typing import Any

from drf_spectacular.generators import SchemaGenerator

from plugin_runtime.mounts.schema import add_plugin_endpoints

from . import boards
from .conftest import Boards


def document(paths: dict[str, Any] | None = None) -> dict[str, Any]:
    schemes = {"securitySchemes": {"knox": {"type": "http"}}}
    return add_plugin_endpoints({"paths": paths or {}, "components": schemes}, None, None, True)


def test_an_active_endpoint_is_described(shown: Boards) -> None:
    path = "/api/v1/polls/{poll_id}"
    shown.show(boards.plugin(endpoints=(boards.endpoint(path, "PUT", permissions=("p.write",)),)))
    operation = document()["paths"][path]["put"]
    assert operation["x-permissions"] == ["p.write"]
    assert "`p.write`" in operation["description"]
    assert [parameter["name"] for parameter in operation["parameters"]] == ["poll_id"]
    assert operation["security"] == [{"knox": []}]


def test_every_error_answer_is_listed(shown: Boards) -> None:
    shown.show(boards.plugin(endpoints=(boards.endpoint("/api/x"),)))
    responses = document()["paths"]["/api/x"]["get"]["responses"]
    assert {"401", "403", "413", "429", "500", "503", "504"} <= set(responses)


def test_a_plugin_that_does_not_run_is_not_listed(shown: Boards) -> None:
    shown.show(boards.plugin(state="quarantined", endpoints=(boards.endpoint("/api/x"),)))
    assert document()["paths"] == {}


def test_what_the_server_declares_is_never_replaced(shown: Boards) -> None:
    shown.show(boards.plugin(endpoints=(boards.endpoint("/api/x", "GET", "POST"),)))
    paths = document({"/api/x": {"get": {"operationId": "core"}}})["paths"]
    assert paths["/api/x"]["get"] == {"operationId": "core"}
    assert paths["/api/x"]["post"]["x-plugin"] == "polls"


def test_operation_ids_are_unique(shown: Boards) -> None:
    endpoints = (
        boards.endpoint("/api/x/{a}", "GET", "POST"),
        boards.endpoint("/api/x/a", "GET"),
        boards.endpoint("/api/x_a", "GET"),
    )
    shown.show(boards.plugin(endpoints=endpoints))
    items = document()["paths"].values()
    ids = [operation["operationId"] for item in items for operation in item.values()]
    assert len(set(ids)) == len(ids) == 4


def test_the_document_shows_the_endpoints_and_not_the_catch_all(shown: Boards) -> None:
    shown.show(boards.plugin(endpoints=(boards.endpoint("/api/x"),)))
    generator: Any = SchemaGenerator
    schema = generator(urlconf="plugin_runtime.mounts.urls").get_schema(public=True)
    assert list(schema["paths"]) == ["/api/x"]
