"""What admins do with deliveries: retry the dead, drop what nobody needs any more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from plugins_registry.conf import conf
from plugins_registry.models import Delivery
from plugins_registry.services.changes import find
from plugins_registry.signals import announce_due
from plugins_registry.states import DeliveryState


def retry_deliveries(plugin: str, *, ids: Sequence[int] | None = None) -> int:
    """Make dead deliveries due again, all or those of these ids, and return how many.

    They get all their tries anew and go on where they left off.
    """
    find(plugin)
    dead = Delivery.objects.filter(plugin_id=plugin, state=DeliveryState.DEAD)
    with transaction.atomic():
        count = sum(_retry(rows) for rows in ([dead] if ids is None else _bites(dead, ids)))
        if count:
            transaction.on_commit(partial(announce_due, plugin))
    return count


def drop_deliveries(plugin: str, *, ids: Sequence[int]) -> int:
    """Give up waiting or dead deliveries of these ids and return how many."""
    find(plugin)
    owed = Delivery.objects.filter(plugin_id=plugin).exclude(state=DeliveryState.DONE)
    with transaction.atomic():
        return sum(rows.delete()[0] for rows in _bites(owed, ids))


def _retry(dead: QuerySet[Delivery]) -> int:
    return dead.update(
        state=DeliveryState.WAITING, attempts=0, due_at=timezone.now(), settled_at=None
    )


def _bites(rows: QuerySet[Delivery], ids: Sequence[int]) -> Iterator[QuerySet[Delivery]]:
    """The rows of these ids in several queries: databases limit the parameters of one."""
    for start in range(0, len(ids), conf.SWEEP_ROWS):
        yield rows.filter(pk__in=ids[start : start + conf.SWEEP_ROWS])
