"""Releases in admin: what was installed, who vouches for it, what its code says, its life."""

from __future__ import annotations

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString

from plugins_registry.admin import life, shown
from plugins_registry.admin.readonly import ReadOnlyAdmin
from plugins_registry.models import LifecycleStage, Release
from plugins_registry.scanning import Report

#: All that are kept.
_STAGES_SHOWN = 60


@admin.register(Release)
class ReleaseAdmin(ReadOnlyAdmin):
    """What was installed, byte for byte."""

    list_display = ("plugin", "version", "signed", "short_digest", "created_at")
    list_filter = ("signature", "plugin")
    list_select_related = ("plugin",)
    search_fields = ("plugin__name", "version", "digest")
    readonly_fields = (
        *("signed", "stages", "scan_findings", "scan_facts", "declares", "offers", "packages"),
    )
    fieldsets = (
        (None, {"fields": ("plugin", "version", "signed", "created_at", "digest", "path")}),
        ("Life", {"fields": ("stages",)}),
        (
            "What its code says, read without running it",
            {"fields": ("scan_findings", "scan_facts")},
        ),
        ("Manifest", {"classes": ("collapse",), "fields": ("declares",)}),
        ("What it offered when it was loaded", {"classes": ("collapse",), "fields": ("offers",)}),
        (
            "Packages",
            {
                "classes": ("collapse",),
                "fields": ("environment", "environment_digest", "built_for", "packages"),
            },
        ),
    )

    @admin.display(description="Digest")
    def short_digest(self, release: Release) -> str:
        """Enough of it to tell releases apart."""
        return release.digest[:12]

    @admin.display(description="Signature", ordering="signature")
    def signed(self, release: Release) -> SafeString:
        """Who vouches for it."""
        return life.signed(release)

    @admin.display(description="Stages")
    def stages(self, release: Release) -> SafeString:
        """What it went through on this server, the newest first."""
        return life.stages(release, count=_STAGES_SHOWN)

    @admin.display(description="Findings")
    def scan_findings(self, release: Release) -> SafeString:
        """What an admin may want to know, the gravest first."""
        report = release.scanned
        return _findings(report) if report else _unscanned()

    @admin.display(description="Uses")
    def scan_facts(self, release: Release) -> SafeString:
        """What the code declares, imports and reaches for."""
        report = release.scanned
        return _facts(report) if report else _unscanned()

    @admin.display(description="Manifest")
    def declares(self, release: Release) -> SafeString:
        """What it declares."""
        return shown.as_json(release.manifest)

    @admin.display(description="Offers")
    def offers(self, release: Release) -> SafeString:
        """Hooks, endpoints and sockets."""
        return shown.as_json(release.description)

    @admin.display(description="Exact versions")
    def packages(self, release: Release) -> SafeString:
        """The lock."""
        return shown.text(release.lock)


@admin.register(LifecycleStage)
class LifecycleStageAdmin(ReadOnlyAdmin):
    """Which release reached which stage, the newest first."""

    list_display = ("reached", "plugin", "version", "at", "why")
    list_filter = ("stage", "release__plugin")
    list_select_related = ("release__plugin",)
    show_full_result_count = False
    search_fields = ("=release__plugin__name",)
    ordering = ("-pk",)

    @admin.display(description="Stage", ordering="stage")
    def reached(self, row: LifecycleStage) -> SafeString:
        """The stage."""
        return shown.badge(row.stage, row.get_stage_display())

    @admin.display(description="Plugin", ordering="release__plugin__name")
    def plugin(self, row: LifecycleStage) -> str:
        """The release's plugin."""
        return row.release.plugin.name

    @admin.display(description="Release", ordering="release__version")
    def version(self, row: LifecycleStage) -> SafeString:
        """The release."""
        return shown.link(row.release, row.release.version)

    @admin.display(description="Reason")
    def why(self, row: LifecycleStage) -> str:
        """Why, in short."""
        return shown.short(row.reason)


def _findings(report: Report) -> SafeString:
    found = shown.table(
        ("Severity", "Place", "What"),
        (
            (
                shown.badge(each.severity, each.severity.capitalize()),
                f"{each.file}:{each.line}" if each.line else each.file,
                each.message,
            )
            for each in report.findings
        ),
    )
    if not report.omitted:
        return found
    return format_html("{}<p>and {} more</p>", found, report.omitted)


def _facts(report: Report) -> SafeString:
    return shown.facts(
        (name.replace("_", " ").capitalize(), ", ".join(values))
        for name, values in report.to_json().items()
        if name not in ("findings", "omitted")
    )


def _unscanned() -> SafeString:
    return SafeString("It was installed before code was scanned.")
