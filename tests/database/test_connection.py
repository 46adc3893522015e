"""The SDK's connection against a real database: what PEP 249 and the reference promise."""

from __future__ import annotations

import datetime
import decimal
import uuid
from collections.abc import Callable

import pytest

from plexichat_plugin_sdk import exceptions
from plexichat_plugin_sdk import database as sdk
from plexichat_plugin_sdk.database import Connection

from .conftest import Plugins

pytestmark = pytest.mark.backends
Connect = Callable[..., Connection]


def test_a_row_comes_back(connect: Connect) -> None:
    with connect() as conn:
        conn.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT)")
        conn.execute("INSERT INTO notes VALUES (%s, %s)", (1, "hello"))
    with connect() as conn:
        cursor = conn.cursor()
        cursor.execute("SELECT id, text FROM notes WHERE id = %(id)s", {"id": 1})
        assert cursor.fetchone() == (1, "hello")
        assert cursor.fetchone() is None
    assert [column[0] for column in cursor.description or ()] == ["id", "text"]
