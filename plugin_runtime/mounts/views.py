"""The one view behind every REST endpoint of every plugin.

The order of its checks is part of what it promises: path, method, login, permission, rate, body,
life of the plugin. The plugin hears of a request only after all of them.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.http import HttpResponse, QueryDict
from django.utils.datastructures import MultiValueDict
from rest_framework import exceptions
from rest_framework.parsers import BaseParser, DataAndFiles
from rest_framework.request import Request
from rest_framework.views import APIView

from plugin_runtime import conversations, permissions
from plugin_runtime.exceptions import DeadlinePassed, PluginFault, PluginUnavailable

from . import answers, bodies, lookup, refusals, reports
from .conf import conf
from .refusals import Refused
from .requests import endpoint_payload, public_id_of
from .routes import Route
from .slots import NoSlot, slots
from .throttling import check_rate


class LeaveUnread(BaseParser):
    """Parses nothing.

    The CSRF check of session logins looks for a form field; without this parser that would read
    a body that nobody has measured yet. Browsers send the token as a header here.
    """

    media_type = "*/*"

    def parse(self, *args: Any, **kwargs: Any) -> DataAndFiles[Any, Any]:
        """Return no fields and no files."""
        return DataAndFiles(QueryDict(), MultiValueDict())


class PluginEndpoint(APIView):
    """Checks a request, asks the plugin, passes its answer on."""

    #: The catch-all is no endpoint of its own; `schema.py` adds the plugins' endpoints.
    schema = None
    parser_classes = (LeaveUnread,)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Do nothing yet: `serve` checks in its own order, and the plugin negotiates content."""

    def serve(self, request: Request, path: str) -> HttpResponse:
        """Answer one request, or raise `Refused`."""
        path, method = f"/{path}", request.method or ""
        route = lookup.find(path, method)
        if route is None:
            return _unrouted(path, method)
        _check_user(request, route)
        check_rate(request.user, route.target.plugin.name)
        body = bodies.read(request._request, conf.body_bytes)
        if not lookup.is_active(route):
            raise refusals.unavailable()
        return _asked(route, endpoint_payload(request._request, route, body))

    # What DRF would answer by itself (its OPTIONS, its 405) knows nothing of the route table.
    get = head = post = put = patch = delete = trace = serve
    options = serve  # type: ignore[assignment]  # Django's response, not DRF's
    http_method_not_allowed = serve  # type: ignore[assignment]  # a response like any other

    def handle_exception(self, exc: Exception) -> HttpResponse:  # type: ignore[override]  # as above
        """Answer in the API's one shape of errors."""
        refused = _refusal_of(exc)
        return refused.response() if refused else super().handle_exception(exc)

    @property
    def default_response_headers(self) -> dict[str, str]:
        """None of DRF's: `Allow` and `Vary` are the mounts' own."""
        return {}


def _unrouted(path: str, method: str) -> HttpResponse:
    allowed = lookup.methods(path)
    if not allowed:
        raise refusals.not_found()
    if method != "OPTIONS":
        raise refusals.method_not_allowed(method, allowed)
    return HttpResponse(status=204, headers={"Allow": ", ".join(allowed)})


def _check_user(request: Request, route: Route) -> None:
    user = request.user  # runs DRF's authentication, with CSRF for sessions
    if not (user.is_authenticated and user.is_active):
        raise refusals.not_authenticated("Log in to use this endpoint.")
    missing = permissions.missing(public_id_of(user), route.target.permissions)
    if missing:
        raise refusals.permission_denied(f"You lack the permission {', '.join(missing)}.")


def _asked(route: Route, payload: dict[str, Any]) -> HttpResponse:
    plugin = route.target.plugin.name
    target = f"{route.method} {route.target.template}"
    try:
        with slots.held(plugin):
            result = conversations.call(
                plugin, "endpoint", target, payload, deadline_ms=conf.endpoint_deadline_ms
            )
        return answers.to_response(result, head=payload["method"] == "HEAD")
    except (PluginUnavailable, NoSlot) as error:
        raise refusals.unavailable() from error
    except DeadlinePassed as error:
        raise refusals.deadline() from error
    except (PluginFault, answers.BadAnswer) as error:
        raise refusals.plugin_error(reports.report(plugin, target, error)) from error


def _refusal_of(error: Exception) -> Refused | None:
    """Return what DRF's and Django's own refusals look like here; None for a fault of ours."""
    if isinstance(error, Refused):
        return error
    if isinstance(error, exceptions.NotAuthenticated | exceptions.AuthenticationFailed):
        return refusals.not_authenticated(str(error.detail))
    if isinstance(error, exceptions.PermissionDenied):
        return refusals.permission_denied(str(error.detail))
    if isinstance(error, SuspiciousOperation):
        return refusals.invalid("The request is malformed.")
    return None
