"""The context of a test: a whole host around one plugin, in memory."""

from __future__ import annotations

import contextlib
import datetime
import json as json_module
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from plexichat_plugin_sdk import _host
from plexichat_plugin_sdk._background import workers
from plexichat_plugin_sdk._handlers.failures import summary
from plexichat_plugin_sdk._handlers.stacks import exception_text
from plexichat_plugin_sdk._marks import EndpointHandler, HookHandler, JobHandler, SocketHandler
from plexichat_plugin_sdk.config import update_listeners
from plexichat_plugin_sdk.context import PluginContext
from plexichat_plugin_sdk.plugin import Plugin
from plexichat_plugin_sdk.requests import UploadedFile

from . import _payloads
from ._clock import Clock
from ._failing import Failing
from ._host import MockHost
from ._living import Living, loop
from ._schedules import next_after
from ._seeing import Seeing
from .responses import Response
from .results import HookResult
from .sockets import SocketClient

USER_ID, CHANNEL_ID = _payloads.USER_ID, _payloads.CHANNEL_ID


#: Those that were not closed yet, in the order they were made.
_opened: list[MockContext] = []


class MockContext(Seeing, Failing, PluginContext):
    """Give it to `on_load`, and the plugin lives: every function of the SDK works.

    `config` is what the manifest's `settings` are; `capabilities` are granted. The chat knows one
    user (`test_user`) and one public channel (`test_channel`); tests add more. `get_registered_…`
    tell what the decorators declare, `call_hook`, `request` and `connect` do what the server does.

    What a handler raises comes out of `call_hook`, `request` and `advance`; with
    `raise_errors=False` it is in the result's `error` instead, as a server goes on.

    The clock stands still, at `now` or when the context was made, until `advance` turns it;
    `NOW()`, the cache and scheduled jobs follow it.

    The context that was made last answers the SDK's questions; `close`, a `with` block,
    `PluginTestCase` and the pytest fixtures end that.
    """

    def __init__(
        self,
        *,
        name: str = "plugin",
        version: str = "0.0.0",
        description: str = "",
        metadata: Mapping[str, Any] | None = None,
        config: Mapping[str, Any] | None = None,
        capabilities: Iterable[str] = (),
        raise_errors: bool = True,
        now: datetime.datetime | None = None,
    ) -> None:
        super().__init__(
            name=name, version=version, description=description, metadata=metadata, config=config
        )
        self.raise_errors = raise_errors
        identity = _host.Identity(
            plugin=name, version=version, description=description, metadata=dict(metadata or {})
        )
        self.host = MockHost(identity, dict(config or {}), Clock(now))
        self._living: Living | None = None
        self._due: dict[str, datetime.datetime] = {}
        self.grant(*capabilities)
        self.add_user(USER_ID, username="testuser", email="test@example.com")
        self.add_channel(CHANNEL_ID, name="test", creator_id=USER_ID)
        _opened.append(self)
        self.activate()

    @staticmethod
    @contextlib.contextmanager
    def all_closed_after() -> Iterator[None]:
        """Close, when the block ends, every context that was made in it."""
        count = len(_opened)
        try:
            yield
        finally:
            for context in _opened[count:]:
                context.close()

    # --- The plugin's life -----------------------------------------------------------------

    def activate(self) -> None:
        """Answer the questions of this process from now on."""
        _host.bind(self.host)
        update_listeners[:] = [self._take_config]
        workers.bind(settle=loop.run, report=self._background_failed)

    def load(self, plugin: Plugin | type[Plugin]) -> Plugin:
        """Bring a plugin to life as a server does: built, gathered, `on_load` run to its end."""
        living: Any = plugin() if isinstance(plugin, type) else plugin
        vars(living)["context"] = self
        self.loading(living)
        loop.settled(living.on_load(self))
        found: Plugin = living
        return found

    def loading(self, plugin: object) -> None:
        """Take note of the plugin whose `on_load` is called with this context."""
        self.activate()
        if not isinstance(plugin, Plugin):
            return
        if self._living is not None and self._living.plugin is plugin:
            return
        self._living = Living(plugin, self.host)
        self.host.socket_paths = [each.path for each in self._living.offered.sockets]
        self.host.deliver = self._living.deliver
        self._due = {
            job.name: self._next_of(job, self.host.clock.now) for job in self.get_registered_jobs()
        }

    def unload(self) -> None:
        """Stop the plugin in an orderly way: sockets left, background work ended, `on_unload`."""
        living = self._alive()
        living.leave_sockets()
        self.finish_background()
        loop.settled(living.plugin.on_unload())

    def crash(self) -> Plugin:
        """Kill the plugin's process and start it anew; return the new plugin.

        What lay in memory is gone and the sockets are cut; database, cache, configuration and
        what the host remembers are as they were.
        """
        living = self._alive()
        living.leave_sockets()
        self._living = None
        return self.load(type(living.plugin))

    def close(self) -> None:
        """End everything; the SDK has no host any more if it was this one."""
        if self._living is not None:
            self._living.leave_sockets()
        if _host.current() is self.host:
            _host.bind(None)
            update_listeners.clear()
            workers.bind()
        self.host.close()
        if self in _opened:
            _opened.remove(self)

    def __enter__(self) -> MockContext:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # --- What the decorators declare -------------------------------------------------------

    def get_registered_hooks(self) -> dict[str, list[HookHandler]]:
        """Return the handlers of each hook, by name, in order of definition."""
        found: dict[str, list[HookHandler]] = {}
        for each in self._alive().offered.hooks:
            found.setdefault(each.name, []).append(each)
        return found

    def get_registered_endpoints(self) -> dict[str, list[EndpointHandler]]:
        """Return the REST endpoints of each path, in order of definition."""
        found: dict[str, list[EndpointHandler]] = {}
        for each in self._alive().offered.endpoints:
            found.setdefault(each.path, []).append(each)
        return found

    def get_registered_websockets(self) -> dict[str, SocketHandler]:
        """Return the WebSocket endpoints, by path."""
        return {each.path: each for each in self._alive().offered.sockets}

    def get_registered_jobs(self) -> list[JobHandler]:
        """Return the scheduled jobs, in order of definition."""
        return list(self._alive().offered.jobs)

    # --- Calling it ------------------------------------------------------------------------

    def call_hook(
        self, name: str, data: Mapping[str, Any] | None = None, **about: Any
    ) -> HookResult:
        """Call the plugin's handlers of a hook as the server does.

        Keys that the chat always sends and `data` leaves out are filled in. `about` an event may
        be said: `attempt`, `event_id`, `receiver_id`, `depth`. Raises `LookupError` when the plugin
        does not handle the hook.
        """
        self.activate()
        whole = _payloads.completed(name, data or {}, self.host.clock.text)
        result = self._alive().hook(name, whole, **about)
        if result.error is not None and self.raise_errors:
            raise result.error
        return result

    def request(
        self,
        method: str,
        url: str,
        *,
        user: str | None = USER_ID,
        json: Any = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        files: Mapping[str, UploadedFile] | None = None,
    ) -> Response:
        """Send a request to one of the plugin's endpoints; the query stands in the `url`.

        `user=None` is nobody logged in. `json` is decoded for the handler, `body` is a dict of
        form fields or bytes. Login and permissions are checked as on the server.
        """
        self.activate()
        if json is not None:
            body = json_module.loads(json_module.dumps(json, allow_nan=False))
        parts = {"body": body, "headers": headers, "files": files}
        response = self._alive().request(method.upper(), url, user, **parts)
        if response.error is not None and self.raise_errors:
            raise response.error
        return response

    def connect(
        self, url: str, *, user: str | None = USER_ID, headers: Mapping[str, str] | None = None
    ) -> SocketClient:
        """Open one of the plugin's WebSockets as a user; see `SocketClient`.

        One that the server refuses is closed from the beginning: 4401 not logged in, 4403 without
        the permission, 4404 no such path.
        """
        self.activate()
        return self._alive().connect(url, user, headers or {})

    def run_job(self, name: str) -> None:
        """Run a scheduled job now; raise what it raises."""
        self.activate()
        self._alive().run_job(name)

    def advance(self, **span: float) -> list[str]:
        """Turn the clock, as in `advance(hours=1)`, and run the jobs that come due on the way.

        Returns their names in order. Keys of the cache expire as well. A job that raises ends it,
        unless `raise_errors` is false.
        """
        until, ran = self.host.clock.now + datetime.timedelta(**span), []
        jobs = {job.name: job for job in (self.get_registered_jobs() if self._living else ())}
        while self._due and min(self._due.values()) <= until:
            name = min(self._due, key=lambda each: self._due[each])
            self.host.clock.turn_to(self._due[name])
            self._due[name] = self._next_of(jobs[name], self._due[name])
            ran.append(name)
            self._run_due(name)
        self.host.clock.turn_to(until)
        return ran

    def finish_background(self, timeout: float = 5.0) -> None:
        """Wait until all background tasks have ended; raise `TimeoutError` when they do not."""
        if not workers.wait(timeout):
            raise TimeoutError(f"background tasks were still running after {timeout:g} s")

    # --- What admins do --------------------------------------------------------------------

    def set_config(self, **values: Any) -> None:
        """Change the configuration as an admin does; `on_config_changed` is called.

        Raises `ValidationError` with every value that does not fit the settings.
        """
        self.host.ask("config.update", {"values": values})
        self._take_config(self.host.config)
        if self._living is not None:
            loop.settled(self._living.plugin.on_config_changed(self.host.config))

    def grant(self, *capabilities: str) -> None:
        """Grant capabilities, as an admin does."""
        self.host.granted |= set(capabilities)
        self.host.asked |= set(capabilities)

    def revoke(self, *capabilities: str) -> None:
        """Take capabilities away; what needs one raises `PermissionError` from now on."""
        self.host.granted -= set(capabilities)

    def permit(self, user: str, *permissions: str) -> None:
        """Let a user hold permissions, as `@require_permission` and `check_permission` see them."""
        self.host.permissions.setdefault(user, set()).update(permissions)

    def forbid(self, user: str, *permissions: str) -> None:
        """Take permissions away from a user."""
        self.host.permissions.get(user, set()).difference_update(permissions)

    def migrate(self, folder: str | os.PathLike[str]) -> None:
        """Apply the migrations of a plugin's folder (the one with `plugin.yaml`)."""
        self.host.database.migrate(Path(folder) / "migrations")

    # --- Inside ----------------------------------------------------------------------------

    def _alive(self) -> Living:
        if self._living is None:
            raise LookupError(
                "no plugin was loaded with this context yet: call plugin.on_load(context) or "
                "context.load(MyPlugin)"
            )
        return self._living

    def _next_of(self, job: JobHandler, moment: datetime.datetime) -> datetime.datetime:
        return next_after(moment, every_seconds=job.every_seconds, cron=job.cron, due=moment)

    def _run_due(self, name: str) -> None:
        try:
            self.run_job(name)
        except Exception as error:  # a wall: a server goes on with the next one
            if self.raise_errors:
                raise
            self.host.problems.append({"name": f"job {name}", "message": summary(error)})

    def _take_config(self, config: dict[str, Any]) -> None:
        before, self.config = self.config, config
        plugin = self._living.plugin if self._living is not None else None
        if plugin is not None and vars(plugin).get("config") is before:
            plugin.config = config

    def _background_failed(self, name: str, error: BaseException) -> None:
        self.logger.error("%s raised", name, exc_info=error)
        failed = {"name": name, "message": summary(error), "traceback": exception_text(error)}
        self.host.problems.append(failed)
