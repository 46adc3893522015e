"""Boards made by hand."""

from __future__ import annotations

from typing import Any

from plugins_registry.queries import Board, BoardEndpoint, BoardPlugin, BoardSocket


def endpoint(path: str, *methods: str, permissions: tuple[str, ...] = ()) -> BoardEndpoint:
    return BoardEndpoint(
        path=path, methods=methods or ("GET",), permissions=permissions, summary="Say it."
    )


def socket(path: str, permissions: tuple[str, ...] = ()) -> BoardSocket:
    return BoardSocket(path=path, permissions=permissions, summary="Talk.")


def plugin(name: str = "polls", **changes: Any) -> BoardPlugin:
    facts: dict[str, Any] = {
        "name": name,
        "version": "1.0.0",
        "state": "active",
        "reason": "",
        "fail_policy": "open",
        "priority": 100,
        "deadline_ms": 1000,
        "hooks": (),
        "endpoints": (),
        "sockets": (),
    }
    return BoardPlugin(**{**facts, **changes})


def board(*plugins: BoardPlugin, generation: int = 1) -> Board:
    return Board(generation=generation, plugins=plugins)
