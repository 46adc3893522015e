"""The bin in admin: uninstalled plugins, which can come back or go for good."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.safestring import SafeString

from plugins_registry import services
from plugins_registry.admin import shown
from plugins_registry.admin.acting import Affected, Question, ask, do_each, is_confirmed
from plugins_registry.admin.readonly import ReadOnlyAdmin
from plugins_registry.belongings import keepers
from plugins_registry.conf import conf
from plugins_registry.exceptions import RegistryError
from plugins_registry.models import BinEntry, DeclinedBundle, Grant, Release
from plugins_registry.services.binning import purge_binned


@admin.register(BinEntry)
class BinEntryAdmin(ReadOnlyAdmin):
    """What was uninstalled, the latest first."""

    list_display = ("name", "version", "uninstalled_at", "uninstalled_by", "goes_at")
    list_select_related = ("uninstalled_by",)
    search_fields = ("name",)
    actions = ("restore", "purge")
    # The rows themselves are left out: they hold its secrets, though sealed.
    fields = (
        *("name", "version", "uninstalled_at", "uninstalled_by", "goes_at", "releases"),
        *("grants", "holders_kept", "belongings"),
    )
    readonly_fields = ("version", "goes_at", "releases", "grants", "holders_kept", "belongings")

    @admin.display(description="Newest release")
    def version(self, entry: BinEntry) -> str:
        """The newest release that it had."""
        return next((row["version"] for row in _fields_of(entry, Release)), "-")

    @admin.display(description="Goes for good", ordering="uninstalled_at")
    def goes_at(self, entry: BinEntry) -> SafeString | str:
        """When its data and files are removed."""
        if entry.purge:
            return "as soon as possible"
        return shown.moment(entry.uninstalled_at + timedelta(days=conf.BIN_DAYS))

    @admin.display(description="Releases")
    def releases(self, entry: BinEntry) -> str:
        """All that come back."""
        return ", ".join(row["version"] for row in _fields_of(entry, Release)) or "-"

    @admin.display(description="Granted capabilities")
    def grants(self, entry: BinEntry) -> str:
        """All that come back."""
        return ", ".join(row["capability"] for row in _fields_of(entry, Grant)) or "-"

    @admin.display(description="Permissions")
    def holders_kept(self, entry: BinEntry) -> SafeString:
        """How many hold them again when it comes back."""
        return shown.table(
            ("Permission", "Users", "Groups"),
            (
                (name, len(held.get("users", ())), len(held.get("groups", ())))
                for name, held in entry.holders.items()
            ),
        )

    @admin.display(description="What it still owns")
    def belongings(self, entry: BinEntry) -> SafeString:
        """Tables, keys and files."""
        return shown.facts((kind, _told(counts)) for kind, counts in _owned(entry.name))

    @admin.action(description="Restore…", permissions=["act"])
    def restore(
        self, request: HttpRequest, queryset: QuerySet[BinEntry]
    ) -> TemplateResponse | None:
        """Bring plugins back, disabled."""
        if not is_confirmed(request):
            return ask(self, request, self._about_restore(queryset))
        names = list(queryset.order_by("name").values_list("name", flat=True))
        do_each(request, names, services.restore, "plugin {} is restored, disabled")
        return None

    @admin.action(description="Purge…", permissions=["remove"])
    def purge(self, request: HttpRequest, queryset: QuerySet[BinEntry]) -> TemplateResponse | None:
        """Remove what plugins have left, for good."""
        if not is_confirmed(request):
            return ask(self, request, _about_purge(queryset))
        for name in list(queryset.order_by("name").values_list("name", flat=True)):
            _purge(request, name)
        return None

    def fits(self, row: BinEntry, action: str) -> bool:
        """What is to be purged cannot come back."""
        return action != "restore" or not row.purge

    def _about_restore(self, entries: QuerySet[BinEntry]) -> Question:
        affected = tuple(
            Affected(
                key=entry.pk,
                name=entry.name,
                consequences=(
                    f"it is installed again, disabled, with its releases: {self.releases(entry)}",
                    f"granted again: {self.grants(entry)}",
                    "its configuration, its data and the holders of its permissions come back",
                    "events that waited for it when it was uninstalled do not",
                ),
            )
            for entry in entries
        )
        return Question(action="restore", title="Restore?", verb="Restore", affected=affected)


def _about_purge(entries: QuerySet[BinEntry]) -> Question:
    affected = tuple(
        Affected(
            key=entry.pk,
            name=entry.name,
            consequences=(
                *(f"{kind}: {_told(counts)}" for kind, counts in _owned(entry.name)),
                "its releases and its configuration go too",
            ),
        )
        for entry in entries
    )
    title = "Remove what these plugins have left?"
    return Question(action="purge", title=title, verb="Purge", affected=affected, is_final=True)


def _purge(request: HttpRequest, name: str) -> None:
    try:
        is_gone = purge_binned(name)
    except RegistryError as error:
        messages.error(request, str(error))
        return
    if is_gone:
        messages.success(request, f"everything that {name} had left is removed")
    else:
        messages.warning(
            request, f"not all of {name} could be removed; it is tried again every hour"
        )


def _fields_of(entry: BinEntry, model: Any) -> list[dict[str, Any]]:
    label = model._meta.label_lower
    return [row["fields"] for row in entry.rows if row["model"] == label]


def _owned(name: str) -> list[tuple[str, dict[str, int]]]:
    return [(keeper.name, keeper.summary(name)) for keeper in keepers()]


def _told(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {what}" for what, count in counts.items()) or "nothing"


@admin.register(DeclinedBundle)
class DeclinedBundleAdmin(ReadOnlyAdmin):
    """Bundled plugins that stay away until somebody installs them by hand."""

    list_display = ("name", "declined_at")
