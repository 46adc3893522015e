"""Every refusal of the API in one shape: `{"code": …, "detail": …}` and the fitting status.

Field errors add `errors`, a list of sentences per field; a fault of ours adds `reference`, under
which the log has what happened.
"""

from __future__ import annotations

import logging
import math
import secrets
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.core.exceptions import RequestDataTooBig
from django.http import Http404
from rest_framework import exceptions as rest
from rest_framework import status
from rest_framework.response import Response
from rest_framework.views import set_rollback

from plexichat.chat import events, exceptions
from plexichat.chat.api.bodies import TooLarge

logger = logging.getLogger(__name__)
REFERENCE_BYTES = 6
#: Where an error names no field.
GENERAL = "general"

#: Looked up along the class order, so a subclass without a line answers like its parent.
STATUS_OF: Mapping[type[exceptions.ChatError], int] = {
    exceptions.ChatError: status.HTTP_400_BAD_REQUEST,
    exceptions.WrongCredentials: status.HTTP_401_UNAUTHORIZED,
    exceptions.PermissionDenied: status.HTTP_403_FORBIDDEN,
    exceptions.NotFound: status.HTTP_404_NOT_FOUND,
    exceptions.Conflict: status.HTTP_409_CONFLICT,
    exceptions.TooFast: status.HTTP_429_TOO_MANY_REQUESTS,
    events.Blocked: status.HTTP_422_UNPROCESSABLE_ENTITY,
    events.FilterUnavailable: status.HTTP_503_SERVICE_UNAVAILABLE,
}
#: DRF's own refusals, in our words.
CODE_OF: Mapping[type[Exception], str] = {
    rest.APIException: "invalid",
    rest.NotAuthenticated: "not_authenticated",
    rest.AuthenticationFailed: "not_authenticated",
    rest.PermissionDenied: "permission_denied",
    rest.NotFound: "not_found",
    rest.MethodNotAllowed: "method_not_allowed",
    rest.NotAcceptable: "not_acceptable",
    rest.UnsupportedMediaType: "unsupported_media_type",
    rest.Throttled: "throttled",
    TooLarge: "too_large",
}


def exception_handler(error: Exception, context: Mapping[str, Any]) -> Response:
    """Turn whatever a view raised into an answer; DRF calls this for every API view."""
    set_rollback()
    if isinstance(error, exceptions.ChatError):
        return _chat_refusal(error)
    if isinstance(error, Http404):
        error = rest.NotFound("There is nothing here.")
    elif isinstance(error, DjangoPermissionDenied):
        error = rest.PermissionDenied()
    elif isinstance(error, RequestDataTooBig):
        error = TooLarge()
    if isinstance(error, rest.APIException):
        return _rest_refusal(error)
    return _fault(error, context)


def _chat_refusal(error: exceptions.ChatError) -> Response:
    body: dict[str, Any] = {"code": error.code, "detail": str(error)}
    if isinstance(error, exceptions.Invalid):
        body["errors"] = error.errors
    headers = {}
    if isinstance(error, exceptions.WrongCredentials):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, exceptions.TooFast):
        headers["Retry-After"] = str(error.wait)
    return Response(body, _along(STATUS_OF, error), headers=headers)


def _rest_refusal(error: rest.APIException) -> Response:
    body: dict[str, Any] = {"code": _along(CODE_OF, error), "detail": ""}
    if isinstance(error, rest.ValidationError):
        found = exceptions.Invalid(_field_errors(error.detail))
        body |= {"detail": str(found), "errors": found.errors}
    else:
        body["detail"] = str(error.detail)
    return Response(body, error.status_code, headers=_headers(error))


def _headers(error: rest.APIException) -> dict[str, str]:
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = str(challenge)
    if (wait := getattr(error, "wait", None)) is not None:
        headers["Retry-After"] = str(math.ceil(wait))
    return headers


def _fault(error: Exception, context: Mapping[str, Any]) -> Response:
    """Answer for a fault of ours: the wall of the API. The log has the traceback."""
    reference = secrets.token_hex(REFERENCE_BYTES)
    logger.error(
        "a chat API call failed",
        exc_info=error,
        extra={"reference": reference, "view": type(context.get("view")).__name__},
    )
    body = {
        "code": "internal_error",
        "detail": f"Something failed here; quote reference {reference} to an admin.",
        "reference": reference,
    }
    return Response(body, status.HTTP_500_INTERNAL_SERVER_ERROR)


def _along(table: Mapping[Any, Any], error: Exception) -> Any:
    return next(table[kind] for kind in type(error).__mro__ if kind in table)


def _field_errors(detail: Any) -> dict[str, list[str]]:
    """Flatten DRF's nested details to a list of sentences per top-level field."""
    if not isinstance(detail, dict):
        return {GENERAL: _sentences(detail)}
    return {
        GENERAL if field == "non_field_errors" else str(field): _sentences(problems)
        for field, problems in detail.items()
    }


def _sentences(detail: Any) -> list[str]:
    if isinstance(detail, dict):
        return [f"{key}: {text}" for key, part in detail.items() for text in _sentences(part)]
    if isinstance(detail, list | tuple):
        return [text for part in detail for text in _sentences(part)]
    return [str(detail)]
