"""The states of a plugin: what an admin wants, and what the supervisor observed."""

from __future__ import annotations

from django.db import models


class Wanted(models.TextChoices):
    """What the admin asked for."""

    #: It shall run.
    ENABLED = "enabled"
    #: It shall not run.
    DISABLED = "disabled"


class State(models.TextChoices):
    """What the supervisor saw last."""

    #: No process.
    STOPPED = "stopped"
    #: The process exists, `on_load` has not returned.
    STARTING = "starting"
    #: It answers calls.
    ACTIVE = "active"
    #: It was asked to finish.
    STOPPING = "stopping"
    #: It failed and will be tried again by itself.
    BACKING_OFF = "backing_off"
    #: It failed too often and waits for an admin.
    QUARANTINED = "quarantined"


class FailPolicy(models.TextChoices):
    """What happens to a message when the plugin does not answer a filter."""

    #: The message passes and a problem is raised.
    OPEN = "open"
    #: The message is refused.
    CLOSED = "closed"


class Signature(models.TextChoices):
    """Where a release comes from, as far as it is proved."""

    #: Nobody vouches for it.
    UNSIGNED = "unsigned"
    #: It came with this server.
    BUNDLED = "bundled"
