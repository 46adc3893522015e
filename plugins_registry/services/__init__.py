"""What can be done to the registry: the verbs of admins, and of the supervisor.

Each verb checks everything, then changes everything in one transaction, then announces the new
generation. Refusals are `plugins_registry.exceptions.RegistryError`s; nothing changed then.
Events, deliveries, traces and calls are no wishes: they neither wait for other changes nor count
as one.
"""

from __future__ import annotations

from plugins_registry.exceptions import DescriptionRefused, RegistryError
from plugins_registry.jobs import DueJob, JobOffer, JobResult
from plugins_registry.outbox import CallEntry, DueDelivery, Outcome, TraceEntry
from plugins_registry.services.binning import empty_bin, purge_belongings, purge_binned, restore
from plugins_registry.services.bundling import install_bundled
from plugins_registry.services.calling import record_calls
from plugins_registry.services.catalogues import (
    add_catalogue,
    overrule_block,
    refresh_catalogue,
    refresh_due_catalogues,
    remove_catalogue,
)
from plugins_registry.services.configuring import configure, return_config, update_own_config
from plugins_registry.services.delivering import due_deliveries, settle_deliveries
from plugins_registry.services.describing import describe
from plugins_registry.services.exporting import Estate, estate, export
from plugins_registry.services.granting import grant, permit, refresh, revoke
from plugins_registry.services.installing import install
from plugins_registry.services.judging import judge_watched
from plugins_registry.services.observing import observe
from plugins_registry.services.offering import offered
from plugins_registry.services.operating import Progress, abandon_operations, operation
from plugins_registry.services.problems import dismiss, raise_problem
from plugins_registry.services.publishers import revoke_key, trust_publisher
from plugins_registry.services.queueing import (
    enqueue,
    keep_queue,
    leave_queue,
    plugins_with_due_deliveries,
    take_queue,
)
from plugins_registry.services.returning import rollback
from plugins_registry.services.rotating import OldTokens, Rotation, old_tokens, rotate_secrets
from plugins_registry.services.scheduling import (
    due_jobs,
    keep_jobs,
    leave_job,
    offer_jobs,
    run_job_now,
    settle_job,
    take_job,
)
from plugins_registry.services.settling import drop_deliveries, retry_deliveries
from plugins_registry.services.sweeping import sweep_deliveries
from plugins_registry.services.switching import (
    claim_trial,
    conclude_watch,
    refuse_trial,
    report_trial,
    switch_over,
    take_back,
)
from plugins_registry.services.tracing import record_traces
from plugins_registry.services.traffic import note_traffic
from plugins_registry.services.uninstalling import uninstall
from plugins_registry.services.upgrading import upgrade
from plugins_registry.services.vouching import reasons_not_to_run
from plugins_registry.services.wishing import disable, enable, restart, set_mode, set_policy
from plugins_registry.states import State

__all__ = [
    "CallEntry",
    "DescriptionRefused",
    "DueDelivery",
    "DueJob",
    "Estate",
    "JobOffer",
    "JobResult",
    "OldTokens",
    "Outcome",
    "Progress",
    "RegistryError",
    "Rotation",
    "State",
    "TraceEntry",
    "abandon_operations",
    "add_catalogue",
    "claim_trial",
    "conclude_watch",
    "configure",
    "describe",
    "disable",
    "dismiss",
    "drop_deliveries",
    "due_deliveries",
    "due_jobs",
    "empty_bin",
    "enable",
    "enqueue",
    "estate",
    "export",
    "grant",
    "install",
    "install_bundled",
    "judge_watched",
    "keep_jobs",
    "keep_queue",
    "leave_job",
    "leave_queue",
    "note_traffic",
    "observe",
    "offer_jobs",
    "offered",
    "old_tokens",
    "operation",
    "overrule_block",
    "permit",
    "plugins_with_due_deliveries",
    "purge_belongings",
    "purge_binned",
    "raise_problem",
    "reasons_not_to_run",
    "record_calls",
    "record_traces",
    "refresh",
    "refresh_catalogue",
    "refresh_due_catalogues",
    "refuse_trial",
    "remove_catalogue",
    "report_trial",
    "restart",
    "restore",
    "retry_deliveries",
    "return_config",
    "revoke",
    "revoke_key",
    "rollback",
    "rotate_secrets",
    "run_job_now",
    "set_mode",
    "set_policy",
    "settle_deliveries",
    "settle_job",
    "sweep_deliveries",
    "switch_over",
    "take_back",
    "take_job",
    "take_queue",
    "trust_publisher",
    "uninstall",
    "update_own_config",
    "upgrade",
]
