"""Catalogues in admin: what they offer and block, asked anew, taken away, overruled."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.safestring import SafeString

from plugins_registry import services
from plugins_registry.admin import shown
from plugins_registry.admin.acting import Affected, Question, ask, do_each, is_confirmed
from plugins_registry.admin.readonly import ReadOnlyAdmin
from plugins_registry.models import BlockedRelease, Catalogue, CataloguePlugin, CatalogueRelease


@admin.register(Catalogue)
class CatalogueAdmin(ReadOnlyAdmin):
    """The catalogues, and when each was last believed."""

    list_display = ("name", "url", "offers", "refreshed_at", "what_is_wrong")
    search_fields = ("name", "url")
    actions = ("refresh", "forget")
    fieldsets = (
        (None, {"fields": ("name", "url", "allow_private", "heeds_blocks", "problem")}),
        ("When", {"fields": ("added_at", "added_by", "checked_at", "refreshed_at")}),
        ("Root of trust", {"classes": ("collapse",), "fields": ("root_text",)}),
    )
    readonly_fields = ("root_text",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Catalogue]:
        """Count what they offer along with the rows."""
        rows: QuerySet[Catalogue] = super().get_queryset(request)
        return rows.annotate(offered=Count("plugins"))

    @admin.display(description="Plugins", ordering="offered")
    def offers(self, catalogue: Any) -> int:
        """How many plugins it offers."""
        return int(catalogue.offered)

    @admin.display(description="Problem")
    def what_is_wrong(self, catalogue: Catalogue) -> str:
        """Why its last answer was not believed, in short."""
        return shown.short(catalogue.problem)

    @admin.display(description="Root")
    def root_text(self, catalogue: Catalogue) -> SafeString:
        """The metadata at which trust begins."""
        return shown.text(catalogue.root)

    @admin.action(description="Ask anew", permissions=["act"])
    def refresh(self, request: HttpRequest, queryset: QuerySet[Catalogue]) -> None:
        """Ask what they offer and block now."""
        names = list(queryset.values_list("name", flat=True))
        do_each(request, names, services.refresh_catalogue, "the catalogue {} was asked")

    @admin.action(description="Remove…", permissions=["remove"])
    def forget(
        self, request: HttpRequest, queryset: QuerySet[Catalogue]
    ) -> TemplateResponse | None:
        """Forget catalogues with all that they offer and block."""
        if not is_confirmed(request):
            return ask(self, request, _about_removal(queryset))
        names = list(queryset.values_list("name", flat=True))
        do_each(request, names, services.remove_catalogue, "the catalogue {} is removed")
        return None


@admin.register(CataloguePlugin)
class CataloguePluginAdmin(ReadOnlyAdmin):
    """Plugins that catalogues offer; what they say of themselves is theirs to say."""

    list_display = ("name", "catalogue", "category", "publisher", "brief")
    list_filter = ("catalogue",)
    list_select_related = ("catalogue",)
    search_fields = ("name", "summary", "publisher", "category")
    readonly_fields = ("releases",)

    @admin.display(description="Summary")
    def brief(self, plugin: CataloguePlugin) -> str:
        """The summary, in short."""
        return shown.short(plugin.summary)

    @admin.display(description="Releases")
    def releases(self, plugin: CataloguePlugin) -> SafeString:
        """What can be had, the newest first."""
        return shown.table(
            ("Version", "Published", "Offered since", "Asks for"),
            (
                (
                    shown.link(release, release.version),
                    shown.moment(release.published_at),
                    shown.moment(release.offered_at),
                    ", ".join(map(str, release.capabilities)),
                )
                for release in plugin.releases.all()
            ),
        )


@admin.register(CatalogueRelease)
class CatalogueReleaseAdmin(ReadOnlyAdmin):
    """Releases that catalogues offer."""

    list_display = ("plugin", "version", "catalogue", "published_at", "offered_at")
    list_filter = ("plugin__catalogue",)
    list_select_related = ("plugin__catalogue",)
    search_fields = ("plugin__name", "=version", "=digest")

    @admin.display(description="Catalogue", ordering="plugin__catalogue__name")
    def catalogue(self, release: CatalogueRelease) -> str:
        """Who offers it."""
        return release.plugin.catalogue.name


@admin.register(BlockedRelease)
class BlockedReleaseAdmin(ReadOnlyAdmin):
    """Releases that catalogues want nobody to run."""

    list_display = ("__str__", "catalogue", "why", "since", "overruled")
    list_filter = ("overruled", "catalogue")
    list_select_related = ("catalogue",)
    search_fields = ("name", "reason", "=digest")
    actions = ("overrule", "heed")

    @admin.display(description="Reason")
    def why(self, block: BlockedRelease) -> str:
        """Why, in short."""
        return shown.short(block.reason)

    @admin.action(description="Overrule…", permissions=["act"])
    def overrule(
        self, request: HttpRequest, queryset: QuerySet[BlockedRelease]
    ) -> TemplateResponse | None:
        """Let them run here nevertheless."""
        if not is_confirmed(request):
            return ask(self, request, _about_overruling(queryset))
        _set(request, queryset, overruled=True, done="the block {} is overruled")
        return None

    @admin.action(description="Heed again", permissions=["act"])
    def heed(self, request: HttpRequest, queryset: QuerySet[BlockedRelease]) -> None:
        """Keep them from being enabled again."""
        _set(request, queryset, overruled=False, done="the block {} is heeded again")

    def fits(self, row: BlockedRelease, action: str) -> bool:
        """One of the two."""
        return row.overruled == (action == "heed")


def _set(
    request: HttpRequest, blocks: QuerySet[BlockedRelease], *, overruled: bool, done: str
) -> None:
    for block in blocks.select_related("catalogue"):
        verb = partial(_overrule, number=block.pk, overruled=overruled)
        do_each(request, [block.catalogue.name], verb, done.format(block))


def _overrule(catalogue: str, *, number: int, overruled: bool) -> None:
    services.overrule_block(catalogue, number, overruled=overruled)


def _about_removal(catalogues: QuerySet[Catalogue]) -> Question:
    affected = tuple(
        Affected(
            key=catalogue.pk,
            name=catalogue.name,
            consequences=(
                f"the {catalogue.plugins.count()} plugins that it offers can be had no more",
                f"its {catalogue.blocks.count()} blocks are forgotten",
                "what came from it stays installed",
            ),
        )
        for catalogue in catalogues
    )
    return Question(
        action="forget", title="Remove the catalogue?", verb="Remove", affected=affected
    )


def _about_overruling(blocks: QuerySet[BlockedRelease]) -> Question:
    affected = tuple(
        Affected(
            key=block.pk,
            name=str(block),
            consequences=(
                f"{block.catalogue.name} blocks it: {block.reason}",
                "it can be enabled on this server again; nothing is started by this",
            ),
        )
        for block in blocks.select_related("catalogue")
    )
    return Question(
        action="overrule", title="Let it run nevertheless?", verb="Overrule", affected=affected
    )
