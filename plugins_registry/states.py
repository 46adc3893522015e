"""The states of plugins, deliveries and calls: what an admin wants, and what was observed."""

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


class Mode(models.TextChoices):
    """Whether a filter's verdict counts."""

    #: It does.
    ENFORCE = "enforce"
    #: The plugin is asked and its verdict is recorded; the message goes its way without it.
    SHADOW = "shadow"


class DeliveryState(models.TextChoices):
    """How far a delivery is."""

    #: Owed, now or after a pause.
    WAITING = "waiting"
    #: The plugin handled the event.
    DONE = "done"
    #: Every try failed; it rests until an admin retries or drops it.
    DEAD = "dead"


class Verdict(models.TextChoices):
    """What a filter said about a message."""

    #: The message may pass as it is.
    ALLOW = "allow"
    #: Another message shall take its place.
    REPLACE = "replace"
    #: The message shall not pass.
    BLOCK = "block"
    #: No usable answer came.
    FAILED = "failed"


class CallOutcome(models.TextChoices):
    """How a call of a plugin ended, or what became of a socket."""

    #: With an answer.
    OK = "ok"
    #: With a failure; its code says which.
    FAILED = "failed"
    #: Without an answer in time.
    DEADLINE = "deadline"
    #: Without an answer, since the plugin went away meanwhile or answered nonsense.
    LOST = "lost"
    #: It never began, since the plugin was not running.
    UNAVAILABLE = "unavailable"


class JobOutcome(models.TextChoices):
    """How a run of a scheduled job ended."""

    #: The handler returned.
    OK = "ok"
    #: It raised, took too long, or was cut off again and again.
    FAILED = "failed"


class Signature(models.TextChoices):
    """Where a release comes from, as far as it is proved."""

    #: Nobody vouches for it.
    UNSIGNED = "unsigned"
    #: It came with this server.
    BUNDLED = "bundled"
    #: A publisher whom an admin trusts has signed exactly these files.
    TRUSTED = "trusted"
    #: Somebody has signed exactly these files whom nobody here knows.
    UNKNOWN = "unknown"
    #: Signed with a key that an admin has revoked.
    REVOKED = "revoked"
    #: The files are not those that were signed, or installed.
    TAMPERED = "tampered"


class Stage(models.TextChoices):
    """A stage in the life of a release, in the reference's order."""

    #: The package was read and its manifest is valid.
    DISCOVERED = "discovered"
    #: Core, Python, packages and other plugins are there.
    DEPENDENCIES_RESOLVED = "dependencies_resolved"
    #: Signature and scan were looked at, and the policy lets it in.
    SECURITY_VALIDATED = "security_validated"
    #: Its process is up and `on_load` has returned.
    LOADED = "loaded"
    #: Callers know its hooks.
    HOOKS_REGISTERED = "hooks_registered"
    #: Callers know its endpoints and sockets.
    ENDPOINTS_REGISTERED = "endpoints_registered"
    #: It answers calls.
    ACTIVATED = "activated"
    #: It takes no new calls.
    DEACTIVATED = "deactivated"
    #: `on_unload` has run; lines, connections and limits are released.
    RESOURCES_CLEANED = "resources_cleaned"
    #: No process is left.
    UNLOADED = "unloaded"
    #: It ended by a failure; the reason says which.
    FAILED = "failed"


class OperationState(models.TextChoices):
    """How far an operation is."""

    #: Somebody works on it.
    RUNNING = "running"
    #: It came to its end.
    DONE = "done"
    #: It was refused or failed; nothing was changed, or everything was put back.
    FAILED = "failed"
    #: Whoever worked on it is gone; what it had begun is cleaned up.
    ABANDONED = "abandoned"


class Origin(models.TextChoices):
    """Whence a change of a configuration came."""

    #: A user, in the admin or by the API.
    USER = "user"
    #: `manage.py plugin config`.
    COMMAND = "command line"
    #: The plugin itself, by `update_config`.
    PLUGIN = "plugin"


class UpgradeState(models.TextChoices):
    """How far an upgrade is."""

    #: The new release is tried beside the old one, which serves.
    TRIAL = "trial"
    #: The new one serves, and is returned from at the first bad sign.
    WATCHED = "watched"
    #: The new one stays.
    DONE = "done"
    #: The trial failed; users never met the new one.
    REFUSED = "refused"
    #: The new one served and failed; the old one serves again.
    RETURNED = "returned"


class WatchVerdict(models.TextChoices):
    """What is to become of a watched release."""

    #: It is still watched.
    OPEN = "open"
    #: It stays.
    GOOD = "good"
    #: It must go.
    WORSE = "worse"
    #: Nobody watches it any more.
    GONE = "gone"
