"""The checks about a plugin's database; what only a database's own words differ in is left out."""

from __future__ import annotations

from typing import Any

from tests.conformance.checks import Check
from tests.conformance.worlds import World

NOON = {"moment": "2026-01-05T12:00:00+01:00"}


def _kinds(came: list[Any]) -> list[Any]:
    """Outcomes with the classes of errors instead of their words."""
    return [one["error"] if isinstance(one, dict) and "error" in one else one for one in came]


def types(world: World) -> Any:
    insert = (
        "INSERT INTO things (name, number, at, day, is_on, price) VALUES (%s, %s, %s, %s, %s, %s)"
    )
    row = ["one", 2**40, NOON, "2026-01-05", True, "12.25"]
    came = world.do(
        "sql",
        statements=[
            ["DELETE FROM things"],
            [insert, row],
            ["SELECT * FROM things"],
            ["SELECT MAX(at) AS a, COUNT(*) AS b, SUM(number) AS c, NULL AS d FROM things"],
            ["SELECT NOW() - NOW() = NOW() - NOW() FROM things WHERE at < NOW()"],
            ["UPDATE things SET number = number + %(more)s", {"more": 1}],
            ["SELECT name, number FROM things WHERE name LIKE 'o%'"],
            ["SELECT name FROM things WHERE name LIKE %s AND 5 %% 2 = 1", ["%n%"]],
            [insert, [["a", 1, None, None, None, None], ["b", 2, None, None, None, None]], "many"],
            ["INSERT INTO things (name) VALUES ('c') RETURNING name, at"],
            ["DELETE FROM things WHERE name = %s", ["nobody"]],
        ],
    )
    assert "rows" in came[2], came
    values = came[2]["rows"][1][0][1]
    assert values[0] == "one"
    assert values[2][0] == "datetime"
    assert came[5] == {"rowcount": 1}
    kept = [one for at, one in enumerate(came) if at != 4]
    # A moment of another zone is the same moment; only UTC is told.
    assert "11, 0" in str(values[2])
    return kept


def upsert(world: World) -> Any:
    """The reference's own statement, twice."""
    save = """
        INSERT INTO user_preferences (user_id, preferences, updated_at)
        VALUES (%s, %s, NOW())
        ON CONFLICT (user_id)
        DO UPDATE SET preferences = EXCLUDED.preferences,
                      updated_at = NOW()
    """
    came = world.do(
        "sql",
        statements=[
            [save, ["u", "{}"]],
            [save, ["u", '{"a": 1}']],
            ["SELECT preferences FROM user_preferences WHERE user_id = %s", ["u"]],
            ["SELECT updated_at = NOW() FROM user_preferences"],
        ],
    )
    assert came[2]["count"] == 1
    return came[:3], came[3]["rows"]


def errors(world: World) -> Any:
    wrong: list[list[Any]] = [
        ["SELECT * FROM nowhere"],
        ["SELEC 1"],
        ["INSERT INTO things (name) VALUES (%s)", [None]],
        ["INSERT INTO user_preferences VALUES ('u2', '', NULL), ('u2', '', NULL)"],
        ["SELECT %s, %s", [1]],
        ["SELECT %(a)s", {"b": 1}],
        ["SELECT %s", [{"x": 1}]],
        ["SELECT %s", 5],
        ["SELECT 1; SELECT 2"],
        [""],
        ["BEGIN"],
        ["COMMIT"],
        ["PRAGMA table_info(things)"],
        ["ATTACH 'x' AS y"],
        ["CREATE TABLE users (a TEXT)"],
        ["SELECT * FROM _plexichat_migrations"],
        ["SELECT 1 ? 2"],
        ["SELECT load_extension('x')"],
        ["INSERT INTO users (username) VALUES ('x')"],
        ["DROP TABLE nowhere"],
        ["SELECT %s", [2**63]],
    ]
    came = [world.do("sql", statements=[each], commit=False)[0] for each in wrong]
    kinds = _kinds(came)
    assert kinds[2] == kinds[3] == "IntegrityError"
    ours = [one["text"] for at, one in enumerate(came) if at in (4, 5, 6, 7, 8, 9, 10, 11, 14, 15)]
    return kinds, ours


def transactions(world: World) -> Any:
    came = [
        world.do("sql", statements=[["DELETE FROM things"]]),
        world.do("sql", statements=[["INSERT INTO things (name) VALUES ('undone')"]], commit=False),
        world.do("script", name="error_then_more"),
        world.do("script", name="left_open"),
        world.do("script", name="many_rows"),
        world.do("script", name="five_connections"),
        world.do("script", name="two_writers"),
        world.do("sql", statements=[["SELECT COUNT(*) FROM things"]])[0]["rows"],
    ]
    assert came[2] == ["IntegrityError", "InternalError", "OperationalError", 0], came[2]
    assert came[4][1][0] == ["tuple", [1]]
    return came


def savepoints(world: World) -> Any:
    came = world.do(
        "sql",
        statements=[
            ["DELETE FROM things"],
            ["INSERT INTO things (name) VALUES ('kept')"],
            ["SAVEPOINT here"],
            ["INSERT INTO things (name) VALUES ('lost')"],
            ["ROLLBACK TO here"],
            ["SELECT name FROM things"],
        ],
    )
    return came[-2:]


def views(world: World) -> Any:
    world.post("a message for the views")
    came = world.do(
        "sql",
        statements=[
            ["SELECT username, is_active FROM users WHERE user_id = %s", [world.ada]],
            [
                "SELECT m.content, u.username AS sender_name FROM messages m "
                "JOIN users u ON m.user_id = u.user_id WHERE m.content = 'a message'"
            ],
            ["SELECT name, channel_type FROM channels WHERE channel_id = %s", [world.channel]],
            ["SELECT channel_id FROM channel_members WHERE user_id = 'nobody'"],
            ["SELECT registration_date, email FROM users WHERE user_id = 'nobody'"],
            ["SELECT password FROM users"],
        ],
    )
    assert came[0]["rows"][1][0] == ["list", ["ada", True]]
    return _kinds(came)[:6]


DATABASE_CHECKS: tuple[Check, ...] = (types, upsert, errors, transactions, savepoints, views)
