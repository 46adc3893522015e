"""What the registry announces to other packages.

`changed` is sent after commit, once per change, with `generation` (int). Receivers run in the
process that made the change; whoever lives elsewhere compares `queries.generation()`.
`deliveries_due` is sent after commit with `plugin` (str) when an admin made deliveries due again.
"""

from __future__ import annotations

import logging

from django.dispatch import Signal

logger = logging.getLogger(__name__)

changed = Signal()
deliveries_due = Signal()


def announce(generation: int) -> None:
    """Tell every receiver of a change."""
    _send(changed, generation=generation)


def announce_due(plugin: str) -> None:
    """Tell every receiver that a plugin's queue has something due again."""
    _send(deliveries_due, plugin=plugin)


def _send(signal: Signal, **facts: object) -> None:
    """Send; a receiver that fails is logged and cannot undo a committed change."""
    for receiver, answer in signal.send_robust(sender=None, **facts):
        if isinstance(answer, Exception):
            logger.error(
                "a receiver of the registry's change failed",
                exc_info=answer,
                extra={"receiver": repr(receiver), **facts},
            )
