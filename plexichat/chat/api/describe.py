"""How a view tells the OpenAPI document what it answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import extend_schema
from rest_framework.serializers import BaseSerializer

from plexichat.chat.api.shapes import PageWish, Problem

View = TypeVar("View", bound=Callable[..., Any])
Shape = type[BaseSerializer[Any]]


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # partly typed
    """How the document names our tokens; found by drf-spectacular once it is defined."""

    target_class = "plexichat.chat.api.authentication.BearerAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """Return the scheme as OpenAPI writes it."""
        return {"type": "http", "scheme": "bearer"}


def call(
    name: str,
    summary: str,
    *,
    takes: Shape | None = None,
    gives: dict[int, Shape | None],
    refuses: tuple[int, ...] = (),
) -> Callable[[View], View]:
    """Describe one call: its name for generated clients, input, answers and refusals by status.

    `takes` is the body, except for a `PageWish`, which is the query of a list.
    """
    is_list = takes is PageWish
    described: Callable[[View], View] = extend_schema(
        operation_id=name,
        summary=summary,
        tags=["chat"],
        request=None if is_list else takes,
        parameters=[PageWish] if is_list else [],
        responses={**gives, **dict.fromkeys(refuses, Problem)},
    )
    return described
