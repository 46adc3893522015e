"""What a plugin may do: what its manifest asks for, and what of it was granted."""

from __future__ import annotations

from dataclasses import dataclass

from plugins_registry.models import Grant, Plugin


@dataclass(frozen=True, kw_only=True)
class Standing:
    """One plugin's capabilities."""

    name: str
    #: Those an admin allowed.
    grants: frozenset[str]
    #: Those its manifest asks for, granted or not.
    asked: frozenset[str]


def standing_of(name: str) -> Standing:
    """The capabilities of a plugin; none for one that is not installed. Two queries."""
    grants = Grant.objects.filter(plugin__name=name).values_list("capability", flat=True)
    plugin = Plugin.objects.select_related("release").filter(name=name).first()
    release = plugin.release if plugin else None
    return Standing(
        name=name,
        grants=frozenset(grants),
        asked=frozenset(release.declared.capabilities if release else ()),
    )
