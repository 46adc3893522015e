"""The supervisor's one database thread: its event loop never waits for a query itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.db import close_old_connections, connections

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class Database:
    """Runs functions one after the other on a single thread with its own connection."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="supervisor-db")

    async def run(
        self, function: Callable[Arguments, Result], *args: Arguments.args, **kw: Arguments.kwargs
    ) -> Result:
        """Return the function's result; what it raises is raised here."""

        def in_thread() -> Result:
            close_old_connections()  # a server that went away is found before the query
            return function(*args, **kw)

        return await asyncio.get_running_loop().run_in_executor(self._thread, in_thread)

    async def close(self) -> None:
        """Finish what is queued and close the connection."""
        await asyncio.get_running_loop().run_in_executor(self._thread, connections.close_all)
        self._thread.shutdown()
