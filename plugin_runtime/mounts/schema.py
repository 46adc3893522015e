"""Plugin endpoints in the OpenAPI document: a postprocessing hook for drf-spectacular."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from plugin_runtime import board as boards
from plugins_registry.queries import BoardEndpoint, BoardPlugin

_PARAMETER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
#: What OpenAPI has a field for.
_METHODS = frozenset({"GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE"})
_ERROR = {"$ref": "#/components/schemas/PluginEndpointError"}
_ERROR_SCHEMA = {
    "type": "object",
    "required": ["code", "detail"],
    "properties": {
        "code": {"type": "string", "description": "Stable, for programs."},
        "detail": {"type": "string", "description": "For people."},
        "reference": {"type": "string", "description": "What the server's log knows it by."},
    },
}
_ERRORS = {
    "400": "The body is not what it says it is.",
    "401": "Not logged in.",
    "403": "Lacks a permission.",
    "413": "The body is too large.",
    "429": "Too many requests; see `Retry-After`.",
    "500": "The plugin failed (`plugin_error`); `reference` is what the log knows it by.",
    "503": "The plugin is not running; see `Retry-After`.",
    "504": "The plugin did not answer in time.",
}


def add_plugin_endpoints(
    result: dict[str, Any], generator: Any, request: Any, public: bool
) -> dict[str, Any]:
    """Add every endpoint of every active plugin to the document and return it.

    What the server itself has declared at a path is never replaced.
    """
    paths = result.setdefault("paths", {})
    schemas = result.setdefault("components", {}).setdefault("schemas", {})
    schemas["PluginEndpointError"] = _ERROR_SCHEMA
    security = _security_of(result)
    known_ids: Counter[str] = Counter()
    for plugin, endpoint, method in _operations():
        operation = _operation(plugin, endpoint, method) | security
        # `/x/a` and `/x_a` make the same name; client generators need two.
        known_ids[operation["operationId"]] += 1
        if (count := known_ids[operation["operationId"]]) > 1:
            operation["operationId"] += f"_{count}"
        paths.setdefault(endpoint.path, {}).setdefault(method.lower(), operation)
    return result


def _operations() -> Iterator[tuple[BoardPlugin, BoardEndpoint, str]]:
    for plugin in boards.current().plugins:
        if plugin.state != "active":
            continue
        for endpoint in plugin.endpoints:
            for method in endpoint.methods:
                if method.upper() in _METHODS:
                    yield plugin, endpoint, method.upper()


def _security_of(result: dict[str, Any]) -> dict[str, Any]:
    """Ask for a login by any of the schemes the document knows."""
    schemes = result["components"].get("securitySchemes", {})
    return {"security": [{name: []} for name in schemes]} if schemes else {}


def _operation(plugin: BoardPlugin, endpoint: BoardEndpoint, method: str) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": f"plugin_{plugin.name}_{method.lower()}_{_slug(endpoint.path)}",
        "tags": [f"plugin {plugin.name}"],
        "summary": endpoint.summary,
        "description": _description(plugin, endpoint),
        "parameters": [_path_parameter(name) for name in _PARAMETER.findall(endpoint.path)],
        "responses": _responses(),
        "x-plugin": plugin.name,
        "x-permissions": list(endpoint.permissions),
    }
    if method in _WITH_BODY:
        anything: dict[str, Any] = {"schema": {}}
        accepted = ("application/json", "multipart/form-data")
        operation["requestBody"] = {"content": dict.fromkeys(accepted, anything)}
    return operation


def _description(plugin: BoardPlugin, endpoint: BoardEndpoint) -> str:
    needed = ", ".join(f"`{name}`" for name in endpoint.permissions) or "none beyond a login"
    return f"Served by the plugin `{plugin.name}` {plugin.version}. Needed permissions: {needed}."


def _path_parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _responses() -> dict[str, Any]:
    responses: dict[str, Any] = {"2XX": {"description": "What the plugin answers."}}
    for status, description in _ERRORS.items():
        content = {"application/json": {"schema": _ERROR}}
        responses[status] = {"description": description, "content": content}
    return responses


def _slug(path: str) -> str:
    return re.sub(r"\W+", "_", path).strip("_")
