"""A plugin: the admin's wish and the supervisor's observation, side by side."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from plugins_registry.states import FailPolicy, Mode, State, Wanted

#: A filter is asked while a user waits for the message to go out.
DEADLINE_MS_MINIMUM, DEADLINE_MS_DEFAULT, DEADLINE_MS_MAXIMUM = 10, 1000, 30_000
PRIORITY_DEFAULT, PRIORITY_MAXIMUM = 100, 10_000


class Plugin(models.Model):
    """One installed plugin. Admin verbs write the wish, the supervisor writes the observation."""

    name = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    # The wish.
    wanted = models.CharField(max_length=16, choices=Wanted.choices, default=Wanted.DISABLED)
    release = models.ForeignKey(
        "Release",
        null=True,
        blank=True,
        # Deletable only together with its plugin.
        on_delete=models.RESTRICT,
        related_name="+",
        help_text="The release that shall run.",
    )
    wish = models.PositiveBigIntegerField(
        default=0, help_text="Counts the wishes for a fresh start: enable, restart, new release."
    )
    wished_at = models.DateTimeField(default=timezone.now)
    fail_policy = models.CharField(
        max_length=8,
        choices=FailPolicy.choices,
        default=FailPolicy.OPEN,
        help_text="Whether a message passes (open) or is refused (closed) when no answer comes.",
    )
    priority = models.PositiveIntegerField(
        default=PRIORITY_DEFAULT, help_text="Filters are asked from the lowest number upwards."
    )
    deadline_ms = models.PositiveIntegerField(
        default=DEADLINE_MS_DEFAULT, help_text="How long a filter may take, in milliseconds."
    )

    mode = models.CharField(
        max_length=8,
        choices=Mode.choices,
        default=Mode.ENFORCE,
        help_text="Whether its filters' verdicts count (enforce) or are only recorded (shadow).",
    )
    shadow_since = models.DateTimeField(
        null=True, blank=True, help_text="When it was last put into shadow mode."
    )

    # The observation.
    state = models.CharField(max_length=16, choices=State.choices, default=State.STOPPED)
    reason = models.TextField(blank=True, default="", help_text="Why the plugin is in this state.")
    since = models.DateTimeField(default=timezone.now, help_text="When this state was entered.")
    stack = models.TextField(blank=True, default="", help_text="The last stack seen at a failure.")
    refused_wish = models.PositiveBigIntegerField(
        null=True,
        blank=True,
        help_text="The wish for a fresh start that failed, while what ran before goes on.",
    )
    level = models.CharField(
        max_length=16, blank=True, default="", help_text="The sandbox level that was reached."
    )
    layers = models.JSONField(blank=True, default=list, help_text="The layers that hold.")

    class Meta:
        """States and numbers that every writer must keep to."""

        ordering = ["priority", "name"]
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="plugin_has_a_name"),
            models.CheckConstraint(
                condition=Q(wanted__in=Wanted.values), name="plugin_wanted_is_known"
            ),
            models.CheckConstraint(
                condition=Q(state__in=State.values), name="plugin_state_is_known"
            ),
            models.CheckConstraint(
                condition=Q(fail_policy__in=FailPolicy.values), name="plugin_fail_policy_is_known"
            ),
            models.CheckConstraint(condition=Q(mode__in=Mode.values), name="plugin_mode_is_known"),
            models.CheckConstraint(
                condition=Q(wanted=Wanted.DISABLED) | Q(release__isnull=False),
                name="plugin_enabled_has_release",
            ),
            models.CheckConstraint(
                condition=Q(deadline_ms__range=(DEADLINE_MS_MINIMUM, DEADLINE_MS_MAXIMUM)),
                name="plugin_deadline_in_range",
            ),
            models.CheckConstraint(
                condition=Q(priority__lte=PRIORITY_MAXIMUM), name="plugin_priority_in_range"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_enabled(self) -> bool:
        """Whether the admin wants it to run."""
        return self.wanted == Wanted.ENABLED

    def make_wish(self) -> None:
        """Ask for a fresh start; the caller saves."""
        self.wish += 1
        self.wished_at = timezone.now()
