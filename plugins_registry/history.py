"""What one change of a configuration changed, for people: never a secret itself. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from plugins_registry.places import written_path
from plugins_registry.sealed import CHANGED, SHOWN, Sealed
from plugins_registry.settings_schema.shape import Keys


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One setting with its value on both sides; None where it was not set."""

    key: str
    before: Any
    after: Any


def differences(
    before: Mapping[str, Any], after: Mapping[str, Any], secrets: Collection[Keys]
) -> Iterator[Difference]:
    """Every setting that differs, in the order of their names. A secret is a word on both sides."""
    yield from _below((), before, after, secrets)


def _below(way: Keys, before: Any, after: Any, secrets: Collection[Keys]) -> Iterator[Difference]:
    if before == after:
        return
    if isinstance(before, Mapping | None) and isinstance(after, Mapping | None):
        for key in sorted({**(before or {}), **(after or {})}):
            inner = (before or {}).get(key), (after or {}).get(key)
            yield from _below((*way, key), *inner, secrets)
        return
    is_secret = way in secrets or isinstance(before, Sealed) or isinstance(after, Sealed)
    if is_secret:
        had, has = before is not None, after is not None
        before = SHOWN if had else None
        after = (CHANGED if had else SHOWN) if has else None
    yield Difference(key=written_path(way), before=_bare(before), after=_bare(after))


def _bare(value: Any) -> Any:
    """A value without what is sealed in it, when a mapping took the place of something else."""
    if isinstance(value, Sealed):
        return SHOWN
    if isinstance(value, Mapping):
        return {key: _bare(inner) for key, inner in value.items()}
    return value
