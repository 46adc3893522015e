"""The handshake: what a fresh sandbox must say, each word within its time.

A sandbox that says anything else, or nothing, is ended; nothing of it stays.
"""

from __future__ import annotations

import asyncio
from typing import TypeVar

import msgspec

from plexichat_plugin_sdk._wire.control import LineWanted, LoadFailed, NotConfined, ToSupervisor
from plexichat_plugin_sdk._wire.framing import WireClosed, WireViolation
from plugin_runtime.framed import AsyncFramed

from .ending import Ending, StartFailed
from .process import ConfinedProcess
from .sandbox import FRAMES_PER_PING, Sandbox, end_of

Record = TypeVar("Record", bound=msgspec.Struct)


class Handshake:
    """One fresh process and its control line, until the plugin is accepted."""

    def __init__(self, process: ConfinedProcess, control: AsyncFramed[ToSupervisor]) -> None:
        self.process = process
        self.control = control

    async def expect(
        self,
        expected: type[Record],
        *,
        seconds: float,
        purpose: str,
        sandbox: Sandbox | None = None,
    ) -> Record:
        """Return the frame that ends a step; anything else ends the process.

        Wishes for gateway lines are granted meanwhile, once there is a sandbox. Raises
        `StartFailed`.
        """
        try:
            async with asyncio.timeout(seconds):
                record = await _next_word(self.control, sandbox)
            if isinstance(record, expected):
                return record
            ending = _ending_of(record)
        except TimeoutError:
            ending = Ending(reason=f"it did not {purpose} within {seconds:g} s")
        except WireViolation as error:
            ending = Ending(reason=f"it broke the rules of its control line: {error}")
        except WireClosed:
            how = await end_of(self.process) or "it cut its control line, or stopped reading it"
            ending = Ending(
                reason=f"it ended before it could {purpose}: {how}",
                is_failure=not self.process.was_lost,
            )
        await self.refuse()
        raise StartFailed(ending)

    async def refuse(self) -> None:
        """End the process and release what belongs to it."""
        self.process.kill()
        await self.process.exited
        self.control.close()
        self.process.close()


async def _next_word(control: AsyncFramed[ToSupervisor], sandbox: Sandbox | None) -> ToSupervisor:
    """Return the next frame that is no wish for a gateway line; such wishes are granted."""
    for _ in range(FRAMES_PER_PING):
        record = await control.receive()
        if not isinstance(record, LineWanted) or sandbox is None:
            return record
        await sandbox.give_gateway_line()
    raise WireViolation("it flooded its control line")


def _ending_of(record: ToSupervisor) -> Ending:
    match record:
        case LoadFailed(message, traceback):
            return Ending(reason=f"it could not be loaded: {message}", stack=traceback)
        case NotConfined(layer, message):
            return Ending(reason=f"its sandbox was refused: layer {layer!r}: {message}")
        case _:
            return Ending(reason=f"it said {type(record).__name__} out of turn")
