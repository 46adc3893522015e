"""Secrets inside stored configurations: encrypted where they rest, shown as a word.

In the database a secret is `{"$secret": TOKEN}`, in memory a `Sealed`. Only `opened` decrypts, for
the plugin that the configuration belongs to; everything that people see comes from `shown`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from plugins_registry import crypto, keys
from plugins_registry.exceptions import TokenRefused
from plugins_registry.merging import deep_merge
from plugins_registry.settings_schema.shape import Keys

MARK = "$secret"
#: What people see in place of a secret; given back as its value, it leaves the secret as it is.
SHOWN = "(secret)"
CHANGED = "(secret, changed)"
LOST = "(secret, its encryption key is gone)"


@dataclass(frozen=True)
class Sealed:
    """An encrypted secret."""

    token: str

    def __repr__(self) -> str:
        return SHOWN


def read(stored: Any) -> Any:
    """A configuration as the database holds it, with its secrets as `Sealed`."""
    if isinstance(stored, Mapping):
        if stored.keys() == {MARK}:
            return Sealed(str(stored[MARK]))
        return {key: read(value) for key, value in stored.items()}
    return [read(item) for item in stored] if isinstance(stored, list) else stored


def written(values: Any) -> Any:
    """The opposite of `read`."""
    return _each_sealed(values, lambda sealed: {MARK: sealed.token})


def opened(plugin: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values with their secrets decrypted; those that cannot be are left out."""
    kept: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Sealed):
            text = _text(plugin, value)
            if text is not None:
                kept[key] = text
        else:
            kept[key] = opened(plugin, value) if isinstance(value, Mapping) else value
    return kept


def seal(
    plugin: str, values: Mapping[str, Any], secrets: Collection[Keys], *, like: Mapping[str, Any]
) -> dict[str, Any]:
    """Encrypt what stands at secret places; what is the same in `like` keeps its token."""
    result = dict(values)
    for way in secrets:
        value = found(values, way)
        if isinstance(value, str):
            before = found(like, way)
            is_same = isinstance(before, Sealed) and _text(plugin, before) == value
            sealed = before if is_same else _sealed(plugin, value)
            result = deep_merge(result, nested(way, sealed))
    return result


def shown(values: Mapping[str, Any], secrets: Collection[Keys]) -> dict[str, Any]:
    """What people may see: a word for each secret, also for one that is not encrypted yet."""
    result = dict(values)
    for way in secrets:
        value = found(values, way)
        if isinstance(value, str) and value:
            result = deep_merge(result, nested(way, SHOWN))
    known = keys.key_ids()
    plain: dict[str, Any] = _each_sealed(result, lambda sealed: _word(sealed, known))
    return plain


def found(values: Any, way: Keys) -> Any:
    """The value at a place; None when there is none."""
    for key in way:
        if not isinstance(values, Mapping):
            return None
        values = values.get(key)
    return values


def nested(way: Keys, value: Any) -> dict[str, Any]:
    """One value inside the mappings that lead to it."""
    for key in reversed(way):
        value = {key: value}
    return dict(value)


def purpose(plugin: str) -> str:
    """What a plugin's stored secrets are encrypted for."""
    return f"configuration of {plugin}"


def _each_sealed(values: Any, turned: Callable[[Sealed], Any]) -> Any:
    if isinstance(values, Sealed):
        return turned(values)
    if isinstance(values, Mapping):
        return {key: _each_sealed(value, turned) for key, value in values.items()}
    return [_each_sealed(item, turned) for item in values] if isinstance(values, list) else values


def _sealed(plugin: str, text: str) -> Sealed:
    return Sealed(crypto.encrypt(purpose(plugin), text.encode()))


def _text(plugin: str, sealed: Sealed) -> str | None:
    try:
        return crypto.decrypt(purpose(plugin), sealed.token).decode()
    except TokenRefused:
        return None


def _word(sealed: Sealed, known: Collection[str]) -> str:
    try:
        return SHOWN if crypto.key_id_of(sealed.token) in known else LOST
    except TokenRefused:
        return LOST
