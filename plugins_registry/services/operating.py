"""Long work that people can follow: every step is written where all can read it, at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from plugins_registry.exceptions import RegistryError
from plugins_registry.models import Operation
from plugins_registry.package import store
from plugins_registry.states import OperationState
from plugins_registry.stored import stored_text

#: Whoever works on an operation gives a sign of life far more often than this.
ABANDONED_SECONDS = 120
KEPT_DAYS = 90
#: What was unpacked by somebody who is gone stays at most so long.
STAGING_SECONDS = 6 * 3600
_STEPS_KEPT = 200
_TEXT_CHARACTERS = 500
#: Told each step as it is written: its name and its text.
Listener = Callable[[str, str], None]


class Progress:
    """The steps of one operation; written outside of transactions, or nobody would see them."""

    def __init__(self, operation: Operation, listener: Listener | None = None) -> None:
        self._operation = operation
        self._listener = listener

    @property
    def number(self) -> int:
        """The operation's key, under which others can follow it."""
        return self._operation.pk

    def concerns(self, plugin: str, release: str) -> None:
        """Say which release it is about, now that it is known."""
        self._operation.plugin, self._operation.release = plugin, release
        self._save("plugin", "release")

    def step(self, name: str, text: str, *, done: int = 0, of: int = 0) -> None:
        """Say what is done now; `done` of `of` where it can be counted.

        The same name again replaces the step's text and count.
        """
        said = stored_text(text, _TEXT_CHARACTERS)
        news = {
            "name": name,
            "text": said,
            "at": timezone.now().isoformat(timespec="milliseconds"),
            "done": done,
            "of": of,
        }
        steps = self._operation.steps
        if steps and steps[-1]["name"] == name:
            steps[-1] = news
        elif len(steps) < _STEPS_KEPT:
            steps.append(news)
        self._save("steps")
        if self._listener is not None:
            self._listener(name, said)

    def alive(self) -> None:
        """Give a sign of life in the middle of a long step."""
        self._save()

    def _save(self, *fields: str) -> None:
        self._operation.seen_at = timezone.now()
        self._operation.save(update_fields=[*fields, "seen_at"])


@contextmanager
def operation(
    kind: str, *, plugin: str = "", by: Any = None, listener: Listener | None = None
) -> Iterator[Progress]:
    """Begin an operation; it is done when the block ends, failed when it raises.

    The reason of a `RegistryError` is kept for people; of anything else only that it happened.
    """
    begun = Operation.objects.create(kind=kind, plugin=plugin, by=by)
    try:
        yield Progress(begun, listener)
    except BaseException as error:
        expected = isinstance(error, RegistryError)
        reason = str(error) if expected else f"the server failed ({type(error).__name__})"
        _end(begun, OperationState.FAILED, reason)
        raise
    _end(begun, OperationState.DONE, "")


def abandon_operations(*, now: datetime | None = None) -> list[int]:
    """Mark operations whose worker is gone and clean up after them; return the marked ones' keys.

    Old operations are forgotten.
    """
    now = now or timezone.now()
    Operation.objects.filter(started_at__lt=now - timedelta(days=KEPT_DAYS)).delete()
    silent = Operation.objects.filter(
        state=OperationState.RUNNING, seen_at__lt=now - timedelta(seconds=ABANDONED_SECONDS)
    )
    store.sweep_staging(older_than_seconds=STAGING_SECONDS)
    keys = list(silent.values_list("pk", flat=True))
    silent.update(
        state=OperationState.ABANDONED,
        reason="the process that worked on it has gone; nothing of it is kept. Begin it again",
    )
    return keys


def _end(begun: Operation, state: OperationState, reason: str) -> None:
    begun.state, begun.reason, begun.seen_at = state, stored_text(reason, 5000), timezone.now()
    begun.save(update_fields=["state", "reason", "seen_at"])
