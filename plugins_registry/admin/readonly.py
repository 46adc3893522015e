"""Rows that can be looked at and not bent, with what can be done to one on its page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

#: Sent along by the buttons on a row's page: go back there, not to the list.
PAGE = "_page"

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:
    # Subscriptable only in the stubs.
    ModelAdmin = admin.ModelAdmin


class ReadOnlyAdmin(ModelAdmin):
    """Rows that can be looked at.

    Actions need a permission of their own, appear in the list and as buttons on a row's page, and
    do what they do through the services.
    """

    class Media:
        """What the tables inside of fields look like."""

        css = {"all": ["plugins_registry/admin.css"]}

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Never: the services add rows."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Never: looking at a row needs only the view permission."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Never: deleting a row is more than the row, files and permissions belong to it."""
        return False

    def may(self, request: HttpRequest, verb: str) -> bool:
        """Whether the admin holds a permission of Django's (`add`, `change`, `delete`) here."""
        return request.user.has_perm(f"{self.opts.app_label}.{verb}_{self.opts.model_name}")

    def has_act_permission(self, request: HttpRequest) -> bool:
        """Whoever may change rows may act on them; the forms stay read-only all the same."""
        return self.may(request, "change")

    def has_remove_permission(self, request: HttpRequest) -> bool:
        """Whoever may delete rows, by the services that see to all that belongs to them."""
        return self.may(request, "delete")

    def fits(self, row: Any, action: str) -> bool:
        """Whether an action makes sense for a row as it is; its page shows those that do."""
        return True

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Show the row with a button for each action."""
        row = kwargs.get("obj")
        if row is not None:
            context["row_actions"] = [
                (name, action[2] % {"verbose_name": self.opts.verbose_name})
                for name, action in (self.get_actions(request) or {}).items()
                if action and self.fits(row, name)
            ]
        return super().render_change_form(request, context, *args, **kwargs)

    def response_action(
        self, request: HttpRequest, queryset: QuerySet[Any], *args: Any
    ) -> HttpResponse | None:
        """Carry an action out; one that was begun on a row's page ends there."""
        response = super().response_action(request, queryset, *args)
        key = request.POST.get(PAGE, "")
        if not key or not isinstance(response, HttpResponseRedirect):
            return response
        if not self.get_queryset(request).filter(pk=key).exists():
            return response
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
        return HttpResponseRedirect(reverse(name, args=[key]))
