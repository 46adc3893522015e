"""What can be done to the registry: the verbs of admins, and of the supervisor.

Each verb checks everything, then changes everything in one transaction, then announces the new
generation. Refusals are `plugins_registry.exceptions.RegistryError`s; nothing changed then.
"""

from __future__ import annotations

from plugins_registry.exceptions import DescriptionRefused, RegistryError
from plugins_registry.services.bundling import install_bundled
from plugins_registry.services.configuring import configure
from plugins_registry.services.describing import describe
from plugins_registry.services.granting import grant, permit, revoke
from plugins_registry.services.installing import install
from plugins_registry.services.observing import observe
from plugins_registry.services.problems import dismiss, raise_problem
from plugins_registry.services.uninstalling import uninstall
from plugins_registry.services.wishing import disable, enable, restart, set_policy
from plugins_registry.states import State

__all__ = [
    # refusals
    "DescriptionRefused",
    "RegistryError",
    # for the supervisor
    "State",
    # for admins
    "configure",
    "describe",
    "disable",
    "dismiss",
    "enable",
    "grant",
    "install",
    "install_bundled",
    "observe",
    "permit",
    "raise_problem",
    "restart",
    "revoke",
    "set_policy",
    "uninstall",
]
