"""The registry in Django admin: everything can be seen, the verbs are the services'.

What services own cannot be edited here: a row changed behind their back would skip their checks.
"""

from __future__ import annotations

from plugins_registry.admin import calls, configurations, deliveries, jobs, plugins, traces

__all__ = ["calls", "configurations", "deliveries", "jobs", "plugins", "traces"]
