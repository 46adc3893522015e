"""Requests: what an endpoint's handler is called with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class Headers(dict[str, str]):
    """HTTP headers; names are kept in lower case and found in any case."""

    def __init__(self, headers: Mapping[str, str] | None = None) -> None:
        super().__init__({name.lower(): value for name, value in (headers or {}).items()})

    def __getitem__(self, name: str) -> str:
        return super().__getitem__(name.lower())

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and super().__contains__(name.lower())

    def get(self, name: str, default: Any = None) -> Any:
        """Return a header's value, or the default when it was not sent."""
        return super().get(name.lower(), default)


@dataclass(frozen=True, kw_only=True)
class UploadedFile:
    """One file of a form."""

    #: As the client named it; never a path on any machine, and never to be trusted.
    filename: str
    #: As the client claimed.
    content_type: str
    #: The whole content.
    content: bytes

    @property
    def size(self) -> int:
        """Length of the content in bytes."""
        return len(self.content)


class Request:
    """One HTTP request to a plugin's endpoint.

    The host has already checked login and permissions and removed credentials.
    """

    __slots__ = (
        "body",
        "files",
        "headers",
        "method",
        "params",
        "params_list",
        "path",
        "path_params",
        "user_id",
    )

    def __init__(
        self,
        *,
        user_id: str = "",
        method: str = "GET",
        path: str = "/",
        body: Any = None,
        **parts: Mapping[str, Any],
    ) -> None:
        unknown = parts.keys() - {"path_params", "params", "headers", "files"}
        if unknown:
            raise TypeError(f"a Request has no {', '.join(sorted(unknown))}")
        #: Who asks; every endpoint needs a login, so there always is somebody.
        self.user_id = user_id
        self.method = method
        self.path = path
        #: The decoded JSON, a dict of form fields, raw bytes, or `None`.
        self.body = body
        #: Values of the `{names}` in the path.
        self.path_params: dict[str, str] = dict(parts.get("path_params") or {})
        #: All values of each query parameter, and the last one of each.
        self.params_list: dict[str, list[str]] = query_lists(parts.get("params") or {})
        self.params: dict[str, str] = {
            name: values[-1] for name, values in self.params_list.items() if values
        }
        self.headers = Headers(parts.get("headers"))
        self.files: dict[str, UploadedFile] = {
            name: _uploaded(part) for name, part in (parts.get("files") or {}).items()
        }

    def __repr__(self) -> str:
        return f"<Request {self.method} {self.path}>"


def query_lists(params: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the values of each query parameter as a list, in the order they were sent."""
    return {
        name: list(value) if isinstance(value, list | tuple) else [value]
        for name, value in params.items()
    }


def _uploaded(part: UploadedFile | Mapping[str, Any]) -> UploadedFile:
    if isinstance(part, UploadedFile):
        return part
    return UploadedFile(
        filename=part.get("filename", ""),
        content_type=part.get("content_type", ""),
        content=part["content"],
    )
