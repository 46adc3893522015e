"""Everything the registry may refuse, each with what happened, what was expected, what to do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


class RegistryError(Exception):
    """The registry refused; nothing was changed."""


class PluginNotFound(RegistryError):
    """No plugin of this name is installed."""

    def __init__(self, name: str, installed: Iterable[str] = ()) -> None:
        self.plugin = name
        known = ", ".join(installed) or "none"
        super().__init__(
            f"no plugin {name!r} is installed; installed are: {known}. "
            f"Install it first: manage.py plugin install SOURCE"
        )


class ProblemsFound(RegistryError):
    """Something was refused for several reasons at once; `problems` has one line each."""

    def __init__(self, headline: str, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        noun = "problem" if len(self.problems) == 1 else "problems"
        lines = "".join(f"\n  {problem}" for problem in self.problems)
        super().__init__(f"{headline}: {len(self.problems)} {noun}{lines}")


class PackageRefused(ProblemsFound):
    """A folder or archive is not a plugin package that this server takes."""

    def __init__(self, source: str, problems: Sequence[str]) -> None:
        self.source = source
        super().__init__(f"{source} cannot be installed", problems)


class DescriptionRefused(ProblemsFound):
    """A loaded release offers what it may not offer."""

    def __init__(self, plugin: str, problems: Sequence[str]) -> None:
        self.plugin = plugin
        super().__init__(f"plugin {plugin!r} was not activated", problems)


class ConfigurationRefused(ProblemsFound):
    """Values do not fit the settings that the manifest declares."""

    def __init__(self, plugin: str, problems: Sequence[str]) -> None:
        self.plugin = plugin
        super().__init__(f"the configuration of {plugin!r} was not changed", problems)


class ChangeNotFound(RegistryError):
    """No change of this id is in the history of the plugin's configuration."""

    def __init__(self, plugin: str, change_id: int, known: Sequence[int]) -> None:
        self.plugin = plugin
        ids = ", ".join(map(str, known)) or "none"
        super().__init__(
            f"the configuration of {plugin!r} was not changed: there is no change {change_id} in "
            f"its history; kept are: {ids}, and 0 for the plugin's own values"
        )


class TokenRefused(RegistryError):
    """A text is no token of this server, or of another purpose, or its key is gone."""

    def __init__(self, message: str, *, key_id: str = "") -> None:
        #: The id of the key that it names; empty for what is no token.
        self.key_id = key_id
        super().__init__(message)


class PolicyRefused(ProblemsFound):
    """A fail policy, priority or deadline is out of range."""

    def __init__(self, plugin: str, problems: Sequence[str]) -> None:
        self.plugin = plugin
        super().__init__(f"the policy of {plugin!r} was not changed", problems)


class PermissionsRefused(ProblemsFound):
    """User permissions that no installed plugin declares, or a user that does not exist."""

    def __init__(self, username: str, problems: Sequence[str]) -> None:
        self.username = username
        super().__init__(f"{username!r} was given no permission", problems)


class PublisherRefused(RegistryError):
    """A publisher or a key that cannot be trusted, or is not known."""


class CatalogueRefused(RegistryError):
    """A catalogue that cannot be added, reached or believed, or does not offer what is asked."""


class UnsignedRefused(RegistryError):
    """A package for which nobody trusted vouches needs the admin's explicit word."""

    def __init__(self, plugin: str, *, key_id: str = "") -> None:
        self.plugin = plugin
        origin = f"it is signed with the key {key_id}, which nobody here knows"
        if not key_id:
            origin = "its package is not signed, so nobody vouches for it"
        super().__init__(
            f"plugin {plugin!r} was not installed: {origin}. If you trust it, install it again "
            f"with --allow-unsigned"
        )


class OtherReleaseInstalled(RegistryError):
    """The plugin is installed in another release."""

    def __init__(self, plugin: str, installed: str, offered: str) -> None:
        self.plugin = plugin
        super().__init__(
            f"plugin {plugin!r} {offered} was not installed: release {installed} is installed and "
            f"releases cannot be exchanged yet. Uninstall it first: manage.py plugin uninstall "
            f"{plugin}"
        )


class NotInBin(RegistryError):
    """No uninstalled plugin of this name can come back."""

    def __init__(self, name: str, binned: Iterable[str] = ()) -> None:
        self.plugin = name
        known = ", ".join(binned) or "nothing"
        super().__init__(
            f"{name!r} is not in the bin, which holds: {known}. What was purged, or has lain "
            f"there for too long, must be installed anew: manage.py plugin install SOURCE"
        )


class RestoreRefused(ProblemsFound):
    """An uninstalled plugin does not fit into this server any more."""

    def __init__(self, plugin: str, problems: Sequence[str]) -> None:
        self.plugin = plugin
        super().__init__(f"plugin {plugin!r} was not restored", problems)


class UpgradeRefused(RegistryError):
    """A release cannot take another one's place; `asked` says what was to be done."""

    def __init__(self, plugin: str, reason: str, *, asked: str = "upgraded") -> None:
        self.plugin = plugin
        super().__init__(f"plugin {plugin!r} was not {asked}: {reason}")


class GrantsMissing(RegistryError):
    """A plugin never starts half-trusted."""

    def __init__(self, plugin: str, missing: Sequence[str], *, release: str = "") -> None:
        self.plugin, self.missing = plugin, tuple(missing)
        if release:
            super().__init__(
                f"plugin {plugin!r} was not upgraded: release {release} requires "
                f"{', '.join(missing)}, which nobody granted. Consent to it with --grant "
                f"CAPABILITY or --grant-all"
            )
            return
        super().__init__(
            f"plugin {plugin!r} was not enabled: it requires {', '.join(missing)}, which nobody "
            f"granted. Grant it: manage.py plugin grant {plugin} {' '.join(missing)}"
        )


class PluginsMissing(ProblemsFound):
    """What a plugin needs of other plugins is not installed."""

    def __init__(self, plugin: str, problems: Sequence[str]) -> None:
        self.plugin = plugin
        super().__init__(f"plugin {plugin!r} was not enabled", problems)


class DependentsEnabled(RegistryError):
    """A plugin that others need is not taken from them without a word."""

    def __init__(self, plugin: str, dependents: Sequence[str], verb: str) -> None:
        self.plugin, self.dependents = plugin, tuple(dependents)
        need = "needs" if len(self.dependents) == 1 else "need"
        super().__init__(
            f"plugin {plugin!r} was not {verb}: {', '.join(dependents)} {need} it. Disable "
            f"{'that' if len(self.dependents) == 1 else 'those'} first, or insist with --force"
        )


class CapabilitiesRefused(RegistryError):
    """Only what a manifest asks for can be granted."""

    def __init__(self, plugin: str, unknown: Sequence[str], asked: Sequence[str]) -> None:
        self.plugin, self.unknown = plugin, tuple(unknown)
        super().__init__(
            f"nothing was granted: the manifest of {plugin!r} does not ask for "
            f"{', '.join(unknown)}; it asks for: {', '.join(asked) or 'nothing'}"
        )
