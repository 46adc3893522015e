"""The static scan: what a package's code says, held against its manifest. Runs none of it.

`reading` turns a file into `Facts`; `offers`, `imports`, `needs` and `risks` decide what follows
from them; `scanner` puts it together as a `Report`. Whoever means harm can hide from a scan: it
shows an admin where to look, and the sandbox is the wall. Nothing here knows Django's models.
"""

from __future__ import annotations

from plugins_registry.scanning.findings import Code, Finding, Severity
from plugins_registry.scanning.report import Report
from plugins_registry.scanning.scanner import scan

__all__ = ["Code", "Finding", "Report", "Severity", "scan"]
