"""What the registry announces to other packages.

`changed` is sent after commit, once per change, with `generation` (int). Receivers run in the
process that made the change; whoever lives elsewhere compares `queries.generation()`.
"""

from __future__ import annotations

import logging

from django.dispatch import Signal

logger = logging.getLogger(__name__)

changed = Signal()


def announce(generation: int) -> None:
    """Tell every receiver; one that fails is logged and cannot undo a committed change."""
    for receiver, answer in changed.send_robust(sender=None, generation=generation):
        if isinstance(answer, Exception):
            logger.error(
                "a receiver of the registry's change failed",
                exc_info=answer,
                extra={"receiver": repr(receiver), "generation": generation},
            )
