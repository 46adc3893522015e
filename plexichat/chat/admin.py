"""The chat in Django's admin: to look things up, and to switch accounts off."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.db.models import QuerySet
from django.http import HttpRequest

from plexichat.chat import panels, services
from plexichat.chat.models import Channel, Membership, Message, User

# Only the type checker's Django lets these classes say what they are about.
if TYPE_CHECKING:
    _UserAdmin = UserAdmin[User]
    _ChannelAdmin = admin.ModelAdmin[Channel]
    _MembershipAdmin = admin.ModelAdmin[Membership]
    _MessageAdmin = admin.ModelAdmin[Message]
else:
    _UserAdmin = UserAdmin
    _ChannelAdmin = _MembershipAdmin = _MessageAdmin = admin.ModelAdmin


@admin.register(User)
class ChatUserAdmin(_UserAdmin):
    """Accounts, with Django's own forms for passwords and permissions."""

    list_display = (
        "username",
        "public_id",
        "display_name",
        "email",
        "is_active",
        "is_staff",
        "is_bot",
    )
    list_filter = (*_UserAdmin.list_filter, "is_bot")
    search_fields = ("username", "public_id", "email", "display_name")
    readonly_fields = ("public_id", "last_login", "date_joined")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Add what the chat knows of a user below Django's fields."""
        fieldsets = tuple(super().get_fieldsets(request, obj))
        return (
            (*fieldsets, ("Chat", {"fields": ("public_id", "display_name")})) if obj else fieldsets
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Leave a bot's name alone: no form would take its colon."""
        fields = tuple(super().get_readonly_fields(request, obj))
        return (*fields, "username") if obj and obj.is_bot else fields

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Save; a profile changed here is told of like one that its user changed."""
        with services.profile_change(obj) if change else nullcontext():
            super().save_model(request, obj, form, change)


@admin.register(Membership)
class MembershipAdmin(_MembershipAdmin):
    """Who is in which channel. Removing someone here is told like any other removal."""

    list_display = ("channel", "user", "joined_at", "invited_by")
    list_select_related = ("channel", "user", "invited_by")
    search_fields = ("=channel__public_id", "=user__username", "=user__public_id")
    readonly_fields = ("channel", "user", "joined_at", "invited_by")
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Leave entering to the chat, which tells the sockets."""
        return False

    def delete_model(self, request: HttpRequest, obj: Membership) -> None:
        """Take someone out of a channel."""
        services.end_membership(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Membership]) -> None:
        """Take all those ticked out of their channels."""
        for entry in queryset.select_related("channel", "user"):
            services.end_membership(entry)


@admin.register(Channel)
class ChannelAdmin(_ChannelAdmin):
    """Channels. Type and creator are for good."""

    list_display = ("__str__", "public_id", "channel_type", "creator", "created_at")
    list_filter = ("channel_type",)
    list_select_related = ("creator",)
    search_fields = ("name", "public_id", "creator__username")
    readonly_fields = ("public_id", "channel_type", "creator", "created_at")
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Leave making channels to their creators: live sockets hear of those."""
        return False


@admin.register(Message)
class MessageAdmin(_MessageAdmin):
    """Messages, to be read only: their authors change them, and filters see it."""

    list_display = ("public_id", "channel", "author", "created_at", "edited_at", "deleted_at")
    list_select_related = ("channel", "author")
    search_fields = ("=public_id", "=channel__public_id", "=author__username")
    readonly_fields = ("filters",)
    ordering = ("-id",)
    # Counting a million rows for a headline takes longer than showing a page of them.
    show_full_result_count = False

    @admin.display(description="What filters did")
    def filters(self, said: Message) -> str:
        """Show who touched the message, on its own page."""
        return panels.message_panel(said.public_id) or "-"

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Leave speaking to users."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Message | None = None) -> bool:
        """Leave every message as it was said."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Message | None = None) -> bool:
        """Leave deleting to the chat, which wipes the words and tells the sockets."""
        return False
