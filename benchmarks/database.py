"""One SELECT and ten thousand rows through the SDK, beside the same in the host.

The plugin measures itself, inside its sandbox; the host asks the same of its own connection.
Both in a transaction that is open already, except where a whole block is measured.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from django.db import connection, transaction

from plugin_runtime.gateway.database.stores import store
from plugin_runtime.hooks import filters
from plugins_registry import services

from . import Result
from ._arena import arena
from ._floor import MESSAGE

ROUNDS = 15
SELECTS = 40
ROWS = 10_000
PLUGIN = """
    import time
    from plexichat_plugin_sdk import Plugin, hook
    from plexichat_plugin_sdk.database import get_db_connection

    class Measuring(Plugin):
        def on_load(self, context):
            with get_db_connection() as conn:
                conn.execute("CREATE TABLE bench (id INTEGER PRIMARY KEY, name TEXT, n INTEGER)")
                conn.cursor().executemany(
                    "INSERT INTO bench VALUES (%s, %s, %s)",
                    [(at, f"the name of row {at}", at * 7) for at in range(ROWS)],
                )

        @hook("message_sent")
        def measure(self, message):
            what = message["content"]
            times = getattr(self, what)()
            return {**message, "metadata": {"times": times}}

        def one(self):
            with get_db_connection() as conn:
                cursor = conn.cursor()
                return timed(lambda: self._one(cursor), SELECTS)

        def _one(self, cursor):
            cursor.execute("SELECT id, name, n FROM bench WHERE id = %s", (77,))
            return cursor.fetchone()

        def block(self):
            return timed(self._block, SELECTS)

        def _block(self):
            with get_db_connection() as conn:
                self._one(conn.cursor())

        def many(self):
            with get_db_connection() as conn:
                cursor = conn.cursor()
                return timed(lambda: self._many(cursor), 1)

        def _many(self, cursor):
            cursor.execute("SELECT id, name, n FROM bench")
            assert len(cursor.fetchall()) == ROWS

    def timed(work, count):
        times = []
        for _ in range(count):
            began = time.perf_counter()
            work()
            times.append(time.perf_counter() - began)
        return times
""".replace("SELECTS", str(SELECTS)).replace("ROWS", str(ROWS))


def run() -> list[Result]:
    """Measure plugin and host in turns."""
    with arena() as place:
        place.install("measuring", PLUGIN)
        services.set_policy("measuring", deadline_ms=5_000)
        place.enable("measuring")
        _fill()
        try:
            return _all()
        finally:
            store().purge("measuring")  # PostgreSQL drops no database that is in use


def _all() -> list[Result]:
    for what in ("one", "block", "many"):
        _in_plugin(what)
    return [
        *_compared("one SELECT, p50", "one", _one_in_host, aim="≤ 2.5"),
        *_compared("a whole block with one SELECT, p50", "block", _block_in_host),
        *_compared(f"{ROWS} rows, p50", "many", _many_in_host, aim="≤ 2"),
    ]


def _compared(
    name: str, what: str, in_host: Callable[[], list[float]], *, aim: str = ""
) -> list[Result]:
    ratios, inside, outside = [], [], []
    for _ in range(ROUNDS):
        theirs = statistics.median(_in_plugin(what))
        ours = statistics.median(in_host())
        inside.append(theirs)
        outside.append(ours)
        ratios.append(theirs / ours)
        time.sleep(0.5)  # or the pace of a plugin's questions would be what is measured
    kind = connection.vendor
    return [
        Result(name=f"{name}, {kind}, host", value=statistics.median(outside) * 1e6, unit="µs"),
        Result(name=f"{name}, {kind}, SDK", value=statistics.median(inside) * 1e6, unit="µs"),
        Result(name=f"{name}, ratio", value=statistics.median(ratios), unit="times", aim=aim),
    ]


def _in_plugin(what: str) -> list[float]:
    answer = filters.consult({**MESSAGE, "content": what})
    times: list[float] = answer["metadata"]["times"]
    return times


def _fill() -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bench (id INTEGER PRIMARY KEY, name TEXT, n INTEGER)")
        cursor.executemany(
            "INSERT INTO bench VALUES (%s, %s, %s)",
            [(at, f"the name of row {at}", at * 7) for at in range(ROWS)],
        )


def _one_in_host() -> list[float]:
    with transaction.atomic():
        return _timed(_one, SELECTS)


def _block_in_host() -> list[float]:
    def block() -> None:
        with transaction.atomic():
            _one()

    return _timed(block, SELECTS)


def _many_in_host() -> list[float]:
    def many() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT id, name, n FROM bench")
            cursor.fetchall()

    return _timed(many, 1)


def _one() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, name, n FROM bench WHERE id = %s", (77,))
        cursor.fetchone()


def _timed(work: Callable[[], object], count: int) -> list[float]:
    times = []
    for _ in range(count):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return times
