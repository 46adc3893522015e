"""What the chat knows, in a test: people, channels, members and messages that tests put in.

Plugins see it as the server's views: the same names and columns, each behind its capability.
"""

from __future__ import annotations

import datetime
import json
from typing import Any

Row = dict[str, Any]

#: Each view: the capability that opens it, and its columns with the types that SQLite declares.
VIEWS: dict[str, tuple[str, dict[str, str]]] = {
    "users": (
        "user_data_read",
        {
            "user_id": "TEXT",
            "username": "TEXT",
            "email": "TEXT",
            "display_name": "TEXT",
            "registration_date": "TIMESTAMP",
            "is_active": "BOOLEAN",
        },
    ),
    "messages": (
        "message_data_read",
        {
            "message_id": "TEXT",
            "user_id": "TEXT",
            "channel_id": "TEXT",
            "content": "TEXT",
            "timestamp": "TIMESTAMP",
            "message_type": "TEXT",
            "metadata": "TEXT",
            "edit_time": "TIMESTAMP",
        },
    ),
    "channels": (
        "channel_data_read",
        {
            "channel_id": "TEXT",
            "name": "TEXT",
            "channel_type": "TEXT",
            "creator_id": "TEXT",
            "creation_time": "TIMESTAMP",
        },
    ),
    "channel_members": (
        "channel_data_read",
        {
            "channel_id": "TEXT",
            "user_id": "TEXT",
            "join_time": "TIMESTAMP",
            "invited_by": "TEXT",
        },
    ),
}


class Core:
    """The chat's facts as rows, by view; `version` counts the changes."""

    def __init__(self) -> None:
        self.rows: dict[str, list[Row]] = {name: [] for name in VIEWS}
        self.version = 0

    def add(self, view: str, **facts: Any) -> Row:
        """Put a row into a view and return it."""
        row = {column: facts.get(column) for column in VIEWS[view][1]}
        self.rows[view].append(row)
        self.version += 1
        return row

    def find(self, view: str, **facts: Any) -> Row | None:
        """Return the first row with these values."""
        wanted = facts.items()
        return next((row for row in self.rows[view] if wanted <= _hashable(row)), None)

    def stored(self, view: str) -> list[list[Any]]:
        """Return a view's rows as SQLite keeps them."""
        return [[_stored(value) for value in row.values()] for row in self.rows[view]]


def _hashable(row: Row) -> Any:
    return {key: value for key, value in row.items() if not isinstance(value, dict)}.items()


def _stored(value: Any) -> Any:
    if isinstance(value, datetime.datetime):
        return str(value.astimezone(datetime.UTC).replace(tzinfo=None))
    return json.dumps(value) if isinstance(value, dict) else value
