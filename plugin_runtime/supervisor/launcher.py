"""The launcher: from a wish to a loaded plugin in its sandbox, step by step.

Spawned, confined, given a line to the gateway, loaded, accepted by the registry: each step has a
deadline, and a plugin that fails one leaves nothing behind.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket

import msgspec
from django.db import Error as DatabaseError
from django.db import connections
from django.utils import timezone

from plexichat_plugin_sdk._wire import WIRE_VERSION
from plexichat_plugin_sdk._wire.control import Confined, Load, Loaded, ToSupervisor
from plexichat_plugin_sdk._wire.framing import WireClosed
from plugin_runtime.conf import conf
from plugin_runtime.framed import AsyncFramed
from plugin_runtime.gateway.database.migrations import (
    MigrationFailed,
    highest_number,
    migrate,
    migrate_to,
)
from plugin_runtime.gateway.database.store import DatabaseRefusal
from plugin_runtime.jobs.schedules import offers_of
from plugin_runtime.sandbox.layers import level
from plugins_registry import services
from plugins_registry.exceptions import RegistryError
from plugins_registry.queries import WantedPlugin

from .database import Database
from .ending import Ending, StartFailed
from .handshake import Handshake
from .nursery import Nursery
from .roll import Roll
from .sandbox import Confinement, GatewayDoor, Sandbox

logger = logging.getLogger(__name__)

#: A forked child needs some ten milliseconds; a busy machine a few hundred.
CONFINE_SECONDS = 10.0


class Launcher:
    """Starts plugins on this node."""

    def __init__(self, nursery: Nursery, *, gateway: GatewayDoor, database: Database) -> None:
        self.roll = Roll()
        self._nursery = nursery
        self._gateway = gateway
        self._database = database

    async def start(self, wanted: WantedPlugin, *, on_trial: bool = False) -> Sandbox:
        """Return the plugin, loaded and accepted; raise `StartFailed` with the reason.

        On trial it takes nobody's jobs over; `offer_jobs` does when it is put in charge.
        """
        self._nursery.require_minimum()
        if lack := self.roll.lack(wanted):
            raise StartFailed(Ending(reason=f"it {lack}", is_failure=False))
        await self._verify(wanted)
        await self.settle_tables(wanted)
        ours, theirs = socket.socketpair()
        control: AsyncFramed[ToSupervisor] = AsyncFramed(ours, ToSupervisor)
        try:
            with theirs:
                process = await self._nursery.spawn(wanted, theirs)
        except BaseException:
            control.close()
            raise
        handshake = Handshake(process, control)
        confined = await handshake.expect(
            Confined, seconds=CONFINE_SECONDS, purpose="lock itself in"
        )
        sandbox = self._sandbox(wanted, handshake, confined)
        with contextlib.suppress(WireClosed):  # its end is told by the next step
            await sandbox.give_gateway_line()
            await control.send(_load_of(wanted))
        loaded = await handshake.expect(
            Loaded, seconds=conf.load_seconds, purpose="load", sandbox=sandbox
        )
        await self._accept(wanted, loaded, handshake)
        sandbox.hooks = frozenset(mark.name for mark in loaded.hooks)
        sandbox.jobs = loaded.jobs
        sandbox.attend()
        if not on_trial:
            await self.offer_jobs(wanted, sandbox)
        return sandbox

    async def offer_jobs(self, wanted: WantedPlugin, sandbox: Sandbox) -> None:
        """Let the plugin's jobs be those of this sandbox."""
        try:
            jobs = offers_of(wanted.name, sandbox.jobs, now=timezone.now())
            await self._database.run(services.offer_jobs, wanted.release_id, jobs)
        except (RegistryError, DatabaseError) as error:
            logger.exception("a plugin's jobs could not be stored")
            sandbox.end("stopped: its jobs could not be stored")
            reason = f"its jobs were refused: {error}"
            is_failure = isinstance(error, RegistryError)
            raise StartFailed(Ending(reason=reason, is_failure=is_failure)) from error

    async def settle_tables(self, wanted: WantedPlugin) -> None:
        """Bring the plugin's tables to what its release needs, up or down, or `StartFailed`."""
        try:
            # On a thread of its own: it may wait for a long statement.
            await asyncio.to_thread(_settled, wanted)
        except MigrationFailed as error:
            raise StartFailed(Ending(reason=f"its migrations failed: {error}")) from error
        except (DatabaseRefusal, DatabaseError) as error:
            logger.exception("a plugin's tables could not be migrated")
            reason = f"its database could not be reached: {error}"
            raise StartFailed(Ending(reason=reason, is_failure=False)) from error

    async def _verify(self, wanted: WantedPlugin) -> None:
        """Look whether the files are still those that were installed."""
        try:
            # On a thread of its own: packages like pandas take half a second to read.
            reasons = await asyncio.to_thread(_reasons_not_to_run, wanted.release_id)
        except DatabaseError as error:
            logger.exception("a release could not be verified")
            reason = "the database could not be reached"
            raise StartFailed(Ending(reason=reason, is_failure=False)) from error
        if reasons:
            raise StartFailed(Ending(reason="refused: " + "; ".join(reasons)))

    def _sandbox(self, wanted: WantedPlugin, handshake: Handshake, confined: Confined) -> Sandbox:
        layers = (*confined.layers, *self._nursery.supervised_layers)
        return Sandbox(
            wanted,
            process=handshake.process,
            control=handshake.control,
            confinement=Confinement(level=level(layers).label, layers=layers),
            gateway=self._gateway,
        )

    async def _accept(self, wanted: WantedPlugin, loaded: Loaded, handshake: Handshake) -> None:
        try:
            await self._database.run(
                services.describe,
                wanted.release_id,
                hooks=[_as_dict(mark) for mark in loaded.hooks],
                endpoints=[_as_dict(mark) for mark in loaded.endpoints],
                sockets=[_as_dict(mark) for mark in loaded.sockets],
            )
        except RegistryError as error:
            ending = Ending(reason=f"its offer was refused: {error}")
        except DatabaseError:
            logger.exception("a plugin's offer could not be stored")
            ending = Ending(reason="the database could not be reached", is_failure=False)
        else:
            return
        await handshake.refuse()
        raise StartFailed(ending)


def _reasons_not_to_run(release_id: int) -> list[str]:
    try:
        return services.reasons_not_to_run(release_id)
    finally:
        connections.close_all()


def _settled(wanted: WantedPlugin) -> None:
    try:
        _undo_later_migrations(wanted)
        migrate(wanted.name, release=wanted.version, root=wanted.root, grants=wanted.grants)
    finally:
        connections.close_all()


def _undo_later_migrations(wanted: WantedPlugin) -> None:
    """What a later release had added goes first, as far as that release said how to undo it."""
    try:
        migrate_to(wanted.name, highest_number(wanted.root), grants=wanted.grants)
    except MigrationFailed as error:
        # The older release may well do with more than it knows; without a start it surely cannot.
        text = f"release {wanted.version} runs on the tables of a later one: {error}"
        services.raise_problem(wanted.name, "migrations", text)


def _load_of(wanted: WantedPlugin) -> Load:
    return Load(
        wire_version=WIRE_VERSION,
        plugin=wanted.name,
        release=wanted.version,
        description=wanted.description,
        root=str(wanted.root),
        site_packages=[str(folder) for folder in wanted.site_packages],
        entry_point=wanted.entry_point,
        config=wanted.config,
        stored_config=wanted.stored_config,
        metadata=wanted.metadata,
    )


def _as_dict(mark: msgspec.Struct) -> dict[str, object]:
    return {name: getattr(mark, name) for name in mark.__struct_fields__}
