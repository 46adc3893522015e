"""Endpoints: from a call to a `Request`, from what the handler returns to an answer."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from typing import Any

from plexichat_plugin_sdk._marks import EndpointHandler
from plexichat_plugin_sdk._plain import as_plain
from plexichat_plugin_sdk._wire import codes
from plexichat_plugin_sdk.exceptions import PluginError, ValidationError
from plexichat_plugin_sdk.requests import Request

from .async_handlers import AsyncHandlers
from .call import Call
from .failures import Refused, bad_result, cleaned

_PARTS = ("user_id", "method", "path", "path_params", "params", "headers", "body", "files")


class Endpoints:
    """The route table, by method and template as the plugin declared them."""

    def __init__(self, handlers: tuple[EndpointHandler, ...], loop: AsyncHandlers) -> None:
        self._loop = loop
        self._table = {
            f"{method} {each.path}": each.handler for each in handlers for method in each.methods
        }

    def run(self, call: Call) -> list[Any]:
        """Return `[status, headers, body]`."""
        handler = self._table.get(call.target)
        if handler is None:
            raise Refused(codes.UNKNOWN_TARGET, f"no handler for {call.target!r}")
        request = Request(**{part: call.payload.get(part) for part in _PARTS})
        try:
            result = self._loop.settled(handler(request), f"endpoint {call.target}")
        except ValidationError as error:
            return _problem(400, codes.INVALID, error)
        except builtins.PermissionError as error:
            # With an errno it is the kernel that refused the plugin, not the plugin its user.
            if error.errno is not None and not isinstance(error, PluginError):
                raise
            return _problem(403, codes.PERMISSION_DENIED, error)
        return shaped(result)


def shaped(result: Any) -> list[Any]:
    """Return a handler's `body`, `(body, status)` or `(body, status, headers)` as the answer.

    Raises `Refused` with code `bad_result`, naming what does not fit.
    """
    if not isinstance(result, tuple):
        return [200, {}, _body(result)]
    if len(result) not in (2, 3):
        raise bad_result(
            f"a tuple of {len(result)} was returned; expected (body, status) or "
            "(body, status, headers)"
        )
    headers = result[2] if len(result) == 3 else {}
    return [_status(result[1]), _headers(headers), _body(result[0])]


def _problem(status: int, code: str, error: Exception) -> list[Any]:
    return [status, {}, {"code": code, "detail": cleaned(str(error))}]


def _body(body: Any) -> Any:
    if isinstance(body, bytes | bytearray | memoryview):
        return bytes(body)
    try:
        return as_plain(body, "the body")
    except ValidationError as error:
        raise bad_result(str(error)) from None


def _status(status: Any) -> int:
    if isinstance(status, int) and not isinstance(status, bool) and 200 <= status <= 599:
        return int(status)
    raise bad_result(f"the status must be a number from 200 to 599, not {status!r:.100}")


def _headers(headers: Any) -> dict[str, str]:
    if not isinstance(headers, Mapping):
        raise bad_result(f"headers must be a dict, not a {type(headers).__name__}")
    return {_header_text(name): _header_text(value) for name, value in headers.items()}


def _header_text(value: Any) -> str:
    text = str(value) if isinstance(value, str | int) else ""
    if not text.isprintable() or (not text and value != ""):
        raise bad_result(f"a header's name and value must be printable text, not {value!r:.100}")
    return text
