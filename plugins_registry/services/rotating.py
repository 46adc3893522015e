"""A new encryption key: stored secrets are encrypted anew, and what still needs an old key counted.

Plugins' own tokens lie in their databases, and only the plugin knows where: they are counted, not
changed. A plugin renews one by decrypting and encrypting it again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from plugins_registry import crypto, keys, sealed
from plugins_registry.exceptions import TokenRefused
from plugins_registry.models import BinEntry, Configuration, ConfigurationChange, Plugin, Upgrade
from plugins_registry.services.changes import change


@dataclass(kw_only=True)
class Rotation:
    """What became of the stored secrets."""

    #: How many tokens were encrypted anew; those of the history and of the bin are among them.
    renewed: int = 0
    #: By plugin, how many cannot be opened with any key.
    lost: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class OldTokens:
    """What still needs the old keys."""

    #: By plugin, then by key id, how many tokens its database holds; nothing where there are none.
    counts: dict[str, dict[str, int]]
    #: Old keys without a token in any plugin's database; empty when nobody can count there.
    droppable: tuple[str, ...]
    #: Whether anybody can count in plugins' databases.
    is_counted: bool


def rotate_secrets() -> Rotation:
    """Encrypt every stored secret with the first key, those of the history and the bin too.

    One transaction, and safe to repeat: what has the first key already is left as it is.
    """
    rotation = Rotation()
    with change():
        for plugin, row, fields in _rows():
            renewer = _Renewer(plugin, rotation)
            fresh = {name: renewer.renewed(getattr(row, name)) for name in fields}
            changed = {name: value for name, value in fresh.items() if value != getattr(row, name)}
            if changed:
                type(row)._default_manager.filter(pk=row.pk).update(**changed)
    return rotation


def old_tokens() -> OldTokens:
    """Count the tokens in plugins' databases that need another key than the first.

    Also of uninstalled plugins that can come back. Raises what a counter raises.
    """
    old = keys.key_ids()[1:]
    kept = BinEntry.objects.filter(purge=False).values_list("name", flat=True)
    names = sorted({*Plugin.objects.values_list("name", flat=True), *kept})
    counts = {name: found for name in names if (found := _counted(name, old))}
    needed = {key for found in counts.values() for key in found}
    is_counted = bool(crypto.counters)
    droppable = tuple(key for key in old if key not in needed) if is_counted else ()
    return OldTokens(counts=counts, droppable=droppable, is_counted=is_counted)


def _counted(plugin: str, key_ids: tuple[str, ...]) -> dict[str, int]:
    found = {
        key: sum(each.count_texts(plugin, crypto.prefix(key)) for each in crypto.counters)
        for key in key_ids
    }
    return {key: count for key, count in found.items() if count}


def _rows() -> Iterator[tuple[str, Any, tuple[str, ...]]]:
    """Every row with secrets: whose they are, and the columns that hold them."""
    for values in Configuration.objects.select_related("plugin"):
        yield values.plugin.name, values, ("values",)
    for past in ConfigurationChange.objects.select_related("plugin").iterator():
        yield past.plugin.name, past, ("before", "after")
    for upgrade in Upgrade.objects.filter(former_configuration__isnull=False):
        yield upgrade.plugin.name, upgrade, ("former_configuration",)
    for entry in BinEntry.objects.all():
        yield entry.name, entry, ("rows",)


class _Renewer:
    """Walks through the values of one row; equal tokens stay equal, so that a history holds."""

    def __init__(self, plugin: str, rotation: Rotation) -> None:
        self._purpose = sealed.purpose(plugin)
        self._plugin = plugin
        self._rotation = rotation
        self._done: dict[str, str] = {}

    def renewed(self, value: Any) -> Any:
        """The value with every token encrypted by the first key."""
        if isinstance(value, dict):
            if value.keys() == {sealed.MARK}:
                return {sealed.MARK: self._token(str(value[sealed.MARK]))}
            return {key: self.renewed(inner) for key, inner in value.items()}
        return [self.renewed(item) for item in value] if isinstance(value, list) else value

    def _token(self, token: str) -> str:
        if token.startswith(crypto.prefix(keys.key_ids()[0])):
            return token
        if token not in self._done:
            self._done[token] = self._anew(token)
        return self._done[token]

    def _anew(self, token: str) -> str:
        try:
            text = crypto.decrypt(self._purpose, token)
        except TokenRefused:
            lost = self._rotation.lost
            lost[self._plugin] = lost.get(self._plugin, 0) + 1
            return token
        self._rotation.renewed += 1
        return crypto.encrypt(self._purpose, text)
