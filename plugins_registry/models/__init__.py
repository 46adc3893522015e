"""The registry's tables, one file per concept."""

from __future__ import annotations

from plugins_registry.models.bin_entry import BinEntry
from plugins_registry.models.bundle import DeclinedBundle
from plugins_registry.models.call import Call
from plugins_registry.models.catalogue import (
    BlockedRelease,
    Catalogue,
    CataloguePlugin,
    CatalogueRelease,
)
from plugins_registry.models.configuration import Configuration, ConfigurationChange
from plugins_registry.models.delivery import Delivery
from plugins_registry.models.event import Event
from plugins_registry.models.generation import Generation
from plugins_registry.models.grant import Grant
from plugins_registry.models.job import Job
from plugins_registry.models.operation import Operation
from plugins_registry.models.plugin import Plugin
from plugins_registry.models.problem import Problem
from plugins_registry.models.publisher import Publisher, PublisherKey
from plugins_registry.models.queue import Queue
from plugins_registry.models.release import Release
from plugins_registry.models.stage import LifecycleStage
from plugins_registry.models.trace import Trace
from plugins_registry.models.traffic import Traffic
from plugins_registry.models.upgrade import Upgrade

__all__ = [
    "BinEntry",
    "BlockedRelease",
    "Call",
    "Catalogue",
    "CataloguePlugin",
    "CatalogueRelease",
    "Configuration",
    "ConfigurationChange",
    "DeclinedBundle",
    "Delivery",
    "Event",
    "Generation",
    "Grant",
    "Job",
    "LifecycleStage",
    "Operation",
    "Plugin",
    "Problem",
    "Publisher",
    "PublisherKey",
    "Queue",
    "Release",
    "Trace",
    "Traffic",
    "Upgrade",
]
