"""What a release demands of its settings: types shown by its defaults, or its JSON Schema. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plugins_registry.manifest import Manifest
from plugins_registry.merging import deep_merge
from plugins_registry.sealed import MARK, SHOWN, found
from plugins_registry.settings_schema import secret_paths, violations
from plugins_registry.settings_schema.checking import TOO_MUCH_WORK
from plugins_registry.settings_schema.shape import Keys
from plugins_registry.settings_types import check_json, check_values, expand


class SettingRules:
    """The rules of one release; without a release anything fits."""

    def __init__(self, manifest: Manifest | None) -> None:
        self.defaults: dict[str, Any] = manifest.settings if manifest else {}
        self._schema: dict[str, Any] = manifest.settings_schema if manifest else {}
        self.secrets: frozenset[Keys] = secret_paths(self._schema)

    def expanded(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Dotted keys as nested mappings, unless a setting itself has a dot in its name."""
        return expand({**self._schema.get("properties", {}), **self.defaults}, values)

    def effective(self, stored: Mapping[str, Any]) -> dict[str, Any]:
        """What holds: the stored values over the defaults."""
        return deep_merge(self.defaults, stored)

    def misfits(self, stored: Mapping[str, Any]) -> list[str]:
        """Why opened values do not satisfy the schema, required ones that are missing included."""
        if not self._schema:
            return []
        return violations(self._schema, self.effective(stored), self.secrets)

    def refused(
        self, news: Mapping[str, Any], *, before: Mapping[str, Any], after: Mapping[str, Any]
    ) -> list[str]:
        """Why a change of opened values is refused.

        With a schema a change may not bring a new misfit: what was amiss already, since a newer
        release asks for more, does not stand in the way of setting something else.
        """
        problems = check_json(news, MARK)
        if problems or not self._schema:
            return problems or check_values(self.defaults, news)
        old = set(self.misfits(before)) - {TOO_MUCH_WORK}
        return [text for text in self.misfits(after) if text not in old]

    def kept_secrets(self, news: Mapping[str, Any]) -> list[Keys]:
        """The secrets whose new value is the word that stands for the old one."""
        return [way for way in self.secrets if found(news, way) == SHOWN]
