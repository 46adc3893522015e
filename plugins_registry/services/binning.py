"""The bin: what an uninstalled plugin leaves, put back or emptied."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core import serializers
from django.db import transaction
from django.db.models import ForeignKey, Model, Q
from django.utils import timezone

from plugins_registry.belongings import keepers
from plugins_registry.conf import conf
from plugins_registry.exceptions import NotInBin, RestoreRefused
from plugins_registry.models import (
    BinEntry,
    Configuration,
    ConfigurationChange,
    DeclinedBundle,
    Delivery,
    Grant,
    Plugin,
    Release,
)
from plugins_registry.package import store
from plugins_registry.permissions import create_permissions, find_permission
from plugins_registry.services.changes import change, find
from plugins_registry.services.describing import clash_sentences
from plugins_registry.services.problems import raise_problem
from plugins_registry.states import State, Wanted

logger = logging.getLogger(__name__)


def put_in_bin(plugin: Plugin, labels: set[str], *, purge: bool, by: Any) -> None:
    """Record a plugin that is about to be deleted, inside a running change."""
    releases = list(plugin.releases.all())
    BinEntry.objects.update_or_create(
        name=plugin.name,
        defaults={
            "uninstalled_at": timezone.now(),
            "uninstalled_by": by,
            "rows": [] if purge else _rows_of(plugin, releases),
            "holders": {} if purge else _holders_of(labels),
            "release_paths": [folder for release in releases for folder in release.folders],
            "purge": purge,
        },
    )


def take_out_of_bin(name: str, *, keeping: Iterable[str]) -> dict[str, Any]:
    """Let a new installation of that name take over what the old one left.

    Returns the configuration it had. Its releases go, except the folders `keeping`. Called inside
    a running change.
    """
    entry = BinEntry.objects.filter(name=name).first()
    if entry is None:
        return {}
    if entry.purge:
        purge_belongings(name)
    for path in set(entry.release_paths).difference(keeping):
        transaction.on_commit(partial(store.discard, path))
    configuration = _stored_in(entry)
    entry.delete()
    return configuration


def restore(name: str) -> Plugin:
    """Bring an uninstalled plugin back, disabled, with its releases, grants and configuration.

    Raises `NotInBin`, or `RestoreRefused` with every reason why it does not fit any more.
    """
    with change():
        entry = BinEntry.objects.filter(name=name, purge=False).first()
        if entry is None:
            raise NotInBin(
                name, BinEntry.objects.filter(purge=False).values_list("name", flat=True)
            )
        if problems := _misfits(entry):
            raise RestoreRefused(name, problems)
        Delivery.objects.filter(plugin_id=name).delete()
        for row in entry.rows:
            _put_back(row)
        _give_back(entry.holders)
        DeclinedBundle.objects.filter(name=name).delete()
        entry.delete()
        return find(name)


def purge_belongings(name: str) -> None:
    """Remove tables, keys and files of a plugin that is not installed any more."""
    for keeper in keepers():
        keeper.purge(name)


def empty_bin(*, now: datetime | None = None) -> None:
    """Remove what has lain in the bin for long enough. Safe to repeat and to run twice at once."""
    before = (now or timezone.now()) - timedelta(days=conf.BIN_DAYS)
    due = BinEntry.objects.filter(Q(purge=True) | Q(uninstalled_at__lt=before))
    for name in due.values_list("name", flat=True):
        _try_to_empty(name)


def purge_binned(name: str) -> bool:
    """Empty one entry of the bin at once; nothing of the plugin can come back then.

    False when something could not be removed: that is a problem now, and tried again every hour.
    Raises `NotInBin`.
    """
    if not BinEntry.objects.filter(name=name).update(purge=True):
        raise NotInBin(name, BinEntry.objects.values_list("name", flat=True))
    return _try_to_empty(name)


def _try_to_empty(name: str) -> bool:
    try:
        _empty(name)
    except Exception as error:  # a wall: one that fails must not keep the others
        logger.exception("a plugin's data could not be removed", extra={"plugin": name})
        raise_problem(
            None,
            f"bin:{name}",
            f"the data of the uninstalled plugin {name!r} could not be removed "
            f"({type(error).__name__}); it is tried again every hour",
        )
        return False
    return True


def _empty(name: str) -> None:
    with change():  # nobody can install it meanwhile
        entry = BinEntry.objects.filter(name=name).first()
        if entry is None:
            return
        if not Plugin.objects.filter(name=name).exists():
            purge_belongings(name)
        for path in entry.release_paths:
            transaction.on_commit(partial(store.discard, path))
        entry.delete()


def _rows_of(plugin: Plugin, releases: list[Release]) -> list[dict[str, Any]]:
    rows: list[Model] = [
        *releases,
        plugin,
        *Grant.objects.filter(plugin=plugin),
        *Configuration.objects.filter(plugin=plugin),
        *ConfigurationChange.objects.filter(plugin=plugin),
    ]
    serialized: list[dict[str, Any]] = json.loads(serializers.serialize("json", rows))
    return serialized


def _stored_in(entry: BinEntry) -> dict[str, Any]:
    label = Configuration._meta.label_lower
    found = [row["fields"]["values"] for row in entry.rows if row["model"] == label]
    return dict(found[0]) if found else {}


def _put_back(row: dict[str, Any]) -> None:
    """Save one row with the key it had; keys are not given out again."""
    text = json.dumps([row])
    for restored in serializers.deserialize("json", text, ignorenonexistent=True):
        thing = restored.object
        _forget_lost_people(thing)
        if isinstance(thing, Plugin):
            thing.wanted, thing.state = Wanted.DISABLED, State.STOPPED
            thing.reason, thing.stack, thing.since = "restored", "", timezone.now()
        restored.save()


def _forget_lost_people(thing: Any) -> None:
    """A user who was deleted meanwhile is no reason to refuse."""
    people = get_user_model()
    for field in thing._meta.concrete_fields:
        key = getattr(thing, field.attname)
        is_person = isinstance(field, ForeignKey) and field.related_model is people
        if is_person and key is not None and not people._default_manager.filter(pk=key).exists():
            setattr(thing, field.attname, None)


def _misfits(entry: BinEntry) -> list[str]:
    if Plugin.objects.filter(name=entry.name).exists():
        return ["a plugin of this name is installed; uninstall that one first"]
    plugin = next(row for row in entry.rows if row["model"] == Plugin._meta.label_lower)
    releases = {row["pk"]: row for row in entry.rows if row["model"] == Release._meta.label_lower}
    current = releases.get(plugin["fields"]["release"])
    if current is None:
        return ["it had no release when it was uninstalled; install it anew"]
    problems = [
        f"its files are gone ({path}); install it anew"
        for path in entry.release_paths
        if not (conf.HOME / path).is_dir()
    ]
    claims = current["fields"]["manifest"].get("endpoints") or ()
    return problems + clash_sentences(entry.name, claims)


def _holders_of(labels: set[str]) -> dict[str, dict[str, list[int]]]:
    found = {text: find_permission(text) for text in sorted(labels)}
    return {
        text: {
            "users": list(permission.user_set.values_list("pk", flat=True)),
            "groups": list(permission.group_set.values_list("pk", flat=True)),
        }
        for text, permission in found.items()
        if permission is not None
    }


def _give_back(holders: dict[str, dict[str, list[int]]]) -> None:
    create_permissions(holders)
    people = get_user_model()._default_manager
    for text, held in holders.items():
        permission = find_permission(text)
        if permission is not None:
            permission.user_set.add(*people.filter(pk__in=held["users"]))
            permission.group_set.add(*Group.objects.filter(pk__in=held["groups"]))
