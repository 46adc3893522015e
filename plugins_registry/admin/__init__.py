"""The registry in Django admin: everything can be seen, the verbs are the services'.

What services own cannot be edited here: a row changed behind their back would skip their checks.
`readonly` is what all have in common, `acting` asks before what is dangerous, `shown` writes what
rows hold, escaped; the others are one kind of row each.
"""

from __future__ import annotations

from plugins_registry.admin import (
    bin,
    calls,
    catalogues,
    configurations,
    counters,
    deliveries,
    grants,
    jobs,
    operations,
    plugins,
    problems,
    publishers,
    releases,
    traces,
    upgrades,
)

__all__ = [
    "bin",
    "calls",
    "catalogues",
    "configurations",
    "counters",
    "deliveries",
    "grants",
    "jobs",
    "operations",
    "plugins",
    "problems",
    "publishers",
    "releases",
    "traces",
    "upgrades",
]
