"""How a view tells the OpenAPI document what it answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from drf_spectacular.utils import extend_schema
from rest_framework.serializers import BaseSerializer

from plexichat.chat.api.shapes import PageWish, Problem

View = TypeVar("View", bound=Callable[..., Any])
Shape = type[BaseSerializer[Any]]


def call(
    summary: str,
    *,
    takes: Shape | None = None,
    gives: dict[int, Shape | None],
    refuses: tuple[int, ...] = (),
    pages: bool = False,
) -> Callable[[View], View]:
    """Describe one call: body, answers by status, statuses of refusals, `before` and `limit`."""
    described: Callable[[View], View] = extend_schema(
        summary=summary,
        tags=["chat"],
        request=takes,
        parameters=[PageWish] if pages else [],
        responses={**gives, **dict.fromkeys(refuses, Problem)},
    )
    return described
