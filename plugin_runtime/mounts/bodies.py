"""Request bodies: read with a limit, then turned into what a handler sees.

JSON becomes its value, forms become a dict of their fields (and the uploaded files), anything
else stays bytes, nothing stays None. A whole body is in memory once; the limit is what bounds it.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest, QueryDict
from django.http.multipartparser import MultiPartParser, MultiPartParserError
from django.utils.http import parse_header_parameters

from . import json_values, refusals

_FORM = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data"
#: A credential, like the header of that name.
_CSRF_FIELD = "csrfmiddlewaretoken"


@dataclass(frozen=True, kw_only=True)
class Body:
    """What a handler sees as `request.body` and `request.files`."""

    value: Any = None
    #: By field name: `{"filename", "content_type", "content"}`.
    files: dict[str, dict[str, Any]] = field(default_factory=dict)


def read(request: HttpRequest, limit_bytes: int) -> Body:
    """Read and parse a request's body.

    Raises `Refused`: 411 for a body of unannounced length, 413 beyond the limit (decided from
    the announced length, before anything is read), 400 for one that is not what it says it is.
    """
    raw = _read_raw(request, limit_bytes)
    if not raw:
        return Body()
    content_type, _ = parse_header_parameters(request.META.get("CONTENT_TYPE", ""))
    if content_type == "application/json" or content_type.endswith("+json"):
        return Body(value=_json(raw))
    try:
        if content_type == _FORM:
            return Body(value=_last_of_each(QueryDict(raw, encoding="utf-8")))
        if content_type == _MULTIPART:
            return _multipart(request, raw)
    except RequestDataTooBig as error:
        raise refusals.too_large(limit_bytes) from error
    except (MultiPartParserError, SuspiciousOperation, UnicodeError) as error:
        raise refusals.invalid("The form cannot be read: it is malformed or too long.") from error
    return Body(value=raw)


def _read_raw(request: HttpRequest, limit_bytes: int) -> bytes:
    announced = request.META.get("CONTENT_LENGTH") or ""
    if not announced and request.META.get("HTTP_TRANSFER_ENCODING"):
        raise refusals.length_required()
    if announced.isdecimal() and int(announced[:20]) > limit_bytes:
        raise refusals.too_large(limit_bytes)
    try:
        raw: bytes = request.read(limit_bytes + 1)
    except OSError as error:  # the client has gone while sending
        raise refusals.invalid("The body did not arrive whole.") from error
    if len(raw) > limit_bytes:
        raise refusals.too_large(limit_bytes)
    return raw


def _json(raw: bytes) -> Any:
    try:
        return json_values.decode(raw)
    except json_values.NotJson as error:
        raise refusals.invalid(f"The body cannot be used. {error}") from error


def _last_of_each(fields: QueryDict) -> dict[str, str]:
    return {
        name: str(fields[name]) for name in fields if name != _CSRF_FIELD and fields.getlist(name)
    }


class _InMemory(FileUploadHandler):
    """Keeps one upload at a time in memory: the body as a whole has been measured already."""

    def __init__(self) -> None:
        super().__init__()
        self._chunks: list[bytes] = []

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Forget the chunks of the file before."""
        super().new_file(*args, **kwargs)
        self._chunks = []

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Keep a chunk; nothing is passed on to other handlers."""
        self._chunks.append(raw_data)

    def file_complete(self, file_size: int) -> Any:
        """Return the file as the plugin sees it."""
        return {
            "filename": self.file_name or "",
            "content_type": self.content_type or "application/octet-stream",
            "content": b"".join(self._chunks),
        }


def _multipart(request: HttpRequest, raw: bytes) -> Body:
    # A copy that says how long the body really is, whatever the client announced.
    meta = {**request.META, "CONTENT_LENGTH": str(len(raw))}
    parser = MultiPartParser(meta, io.BytesIO(raw), [_InMemory()], "utf-8")
    fields, files = parser.parse()
    return Body(
        value=_last_of_each(fields),
        files={name: files[name] for name in files},  # type: ignore[misc]  # our handler's dicts
    )
