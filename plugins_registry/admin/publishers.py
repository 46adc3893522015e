"""Publishers in admin: whose signatures count, and keys that are trusted or revoked."""

from __future__ import annotations

from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.safestring import SafeString

from plugins_registry import services
from plugins_registry.admin import shown
from plugins_registry.admin.acting import Affected, Question, ask, do_each, is_confirmed
from plugins_registry.admin.readonly import ReadOnlyAdmin
from plugins_registry.exceptions import RegistryError
from plugins_registry.models import Publisher, PublisherKey, Release
from plugins_registry.services.publishers import NAME_CHARACTERS
from plugins_registry.states import Signature


class TrustForm(forms.Form):
    """What it takes to trust somebody."""

    publisher = forms.CharField(
        max_length=NAME_CHARACTERS,
        help_text="Their name. One that is known gets another key: so keys are rotated.",
        widget=forms.TextInput(attrs={"class": "vTextField"}),
    )
    public_key = forms.CharField(
        max_length=64,
        help_text="32 bytes in base64, as plexichat-plugin keygen prints it.",
        widget=forms.TextInput(attrs={"class": "vTextField"}),
    )


@admin.register(Publisher)
class PublisherAdmin(ReadOnlyAdmin):
    """Those who vouch for releases."""

    list_display = ("name", "trusted_keys", "revoked_keys", "added_at")
    search_fields = ("name",)
    fields = ("name", "added_at", "all_keys", "vouches_for")
    readonly_fields = ("all_keys", "vouches_for")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Publisher]:
        """Count keys along with the rows."""
        rows: QuerySet[Publisher] = super().get_queryset(request)
        return rows.annotate(
            trusted=Count("keys", filter=Q(keys__revoked_at__isnull=True)),
            revoked=Count("keys", filter=Q(keys__revoked_at__isnull=False)),
        )

    @admin.display(description="Keys", ordering="trusted")
    def trusted_keys(self, publisher: Any) -> int:
        """How many count."""
        return int(publisher.trusted)

    @admin.display(description="Revoked", ordering="revoked")
    def revoked_keys(self, publisher: Any) -> int:
        """How many count no more."""
        return int(publisher.revoked)

    @admin.display(description="Keys")
    def all_keys(self, publisher: Publisher) -> SafeString:
        """All keys, the newest first."""
        return shown.table(
            ("Key", "Added", "State", "Reason"),
            (
                (
                    shown.link(key, key.key_id),
                    shown.moment(key.added_at),
                    _state(key),
                    key.revoked_reason,
                )
                for key in publisher.keys.select_related("publisher")
            ),
        )

    @admin.display(description="Vouches for")
    def vouches_for(self, publisher: Publisher) -> SafeString:
        """Installed releases with this publisher's signature."""
        signed = Release.objects.filter(publisher=publisher.name).select_related("plugin")
        return shown.table(
            ("Release", "Key", "Signature"),
            (
                (
                    shown.link(release),
                    release.key_id,
                    shown.badge(release.signature, Signature(release.signature).label),
                )
                for release in signed
            ),
        )


@admin.register(PublisherKey)
class PublisherKeyAdmin(ReadOnlyAdmin):
    """Keys; they are trusted and revoked here, and neither changed nor deleted."""

    list_display = ("key_id", "publisher", "state", "why", "added_at")
    list_filter = ("publisher",)
    list_select_related = ("publisher",)
    search_fields = ("=key_id", "publisher__name")
    actions = ("revoke",)
    fields = (
        *("publisher", "key_id", "public_key", "state", "added_at", "added_by"),
        *("revoked_at", "revoked_reason"),
    )
    readonly_fields = ("state",)

    @admin.display(description="State")
    def state(self, key: PublisherKey) -> SafeString:
        """Whether it counts."""
        return _state(key)

    @admin.display(description="Reason", ordering="revoked_reason")
    def why(self, key: PublisherKey) -> str:
        """Why it was revoked, in short."""
        return shown.short(key.revoked_reason)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Whoever may add keys, by the form below."""
        return self.may(request, "add")

    def add_view(
        self,
        request: HttpRequest,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Trust a key, through the service that checks it."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = TrustForm(request.POST or None)
        if request.method == "POST" and form.is_valid() and _trusts(request, form):
            here = f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"
            return HttpResponseRedirect(reverse(here))
        context = {
            **self.admin_site.each_context(request),
            **(extra_context or {}),
            "opts": self.opts,
            "media": self.media,
            "form": form,
            "title": "Trust a publisher's key",
            "verb": "Trust",
        }
        return TemplateResponse(request, "admin/plugins_registry/form.html", context)

    @admin.action(description="Revoke…", permissions=["act"])
    def revoke(
        self, request: HttpRequest, queryset: QuerySet[PublisherKey]
    ) -> TemplateResponse | None:
        """Trust nothing any more that a key has signed."""
        if not is_confirmed(request):
            return ask(self, request, _about_revoking(queryset.select_related("publisher")))
        reason = request.POST.get("reason", "").strip()
        keys = list(queryset.values_list("key_id", flat=True))
        verb = partial(services.revoke_key, reason=reason)
        do_each(request, keys, verb, "the key {} is revoked")
        return None

    def fits(self, row: PublisherKey, action: str) -> bool:
        """What is revoked stays so."""
        return row.revoked_at is None


def _trusts(request: HttpRequest, form: TrustForm) -> bool:
    """Ask the service; what it refuses is told in the form."""
    try:
        key = services.trust_publisher(
            form.cleaned_data["publisher"], form.cleaned_data["public_key"], by=request.user
        )
    except RegistryError as error:
        form.add_error(None, str(error))
        return False
    messages.success(request, f"what the key {key.key_id} signs is trusted as {key.publisher}'s")
    return True


def _about_revoking(keys: QuerySet[PublisherKey]) -> Question:
    affected = tuple(
        Affected(
            key=key.pk,
            name=str(key),
            consequences=(
                "nothing that it has signed can be installed any more, and it cannot be trusted "
                "again",
                f"plugins that run on it, each of which gets a problem: {_runs_on(key)}",
            ),
        )
        for key in keys
    )
    return Question(
        action="revoke",
        title="Revoke?",
        verb="Revoke",
        affected=affected,
        is_final=True,
        asks_reason=True,
    )


def _runs_on(key: PublisherKey) -> str:
    signed = Release.objects.filter(key_id=key.key_id, signature=Signature.TRUSTED)
    names = signed.order_by("plugin__name").values_list("plugin__name", flat=True).distinct()
    return ", ".join(names) or "none"


def _state(key: PublisherKey) -> SafeString:
    if key.revoked_at is None:
        return shown.badge("trusted", "Trusted")
    return shown.badge("revoked", "Revoked")
