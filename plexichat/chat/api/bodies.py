"""What a chat API call may carry: JSON of bounded size and depth."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import Any

from rest_framework import status
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import JSONParser

from plexichat.chat.conf import chat_settings


class TooLarge(APIException):
    """The body is larger than any chat call needs."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = "The body is too large for a chat call."


class BoundedJSONParser(JSONParser):
    """DRF's JSON parser, which by itself reads whatever is sent."""

    def parse(
        self,
        stream: Any,
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the JSON value; raises `TooLarge` and `ParseError`."""
        limit = chat_settings.chat_body_bytes
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise TooLarge(f"The body is too large; at most {limit} bytes are accepted.")
        try:
            return super().parse(BytesIO(body), media_type, parser_context)
        except RecursionError as error:
            raise ParseError("The JSON is nested too deeply.") from error
