"""Telling admins what a plugin did, under a reference that users can quote."""

from __future__ import annotations

import logging
import secrets

from plugin_runtime.exceptions import PluginFault
from plugin_runtime.switchboard import client
from plugin_runtime.switchboard.protocol import Complaint

logger = logging.getLogger(__name__)

#: Of a plugin's own words in our log: a plugin must not fill the disk with its errors.
TEXT_LIMIT = 16 * 1024


def report(plugin: str, target: str, error: Exception) -> str:
    """Log a plugin's failure, raise a problem for the admin, return the reference.

    Blocks for as long as a line to the supervisor takes: call it in a thread.
    """
    reference = secrets.token_hex(6)
    traceback = ""
    if isinstance(error, PluginFault):
        traceback = str(error.details.get("traceback", ""))[:TEXT_LIMIT]
    message = str(error)[:TEXT_LIMIT]
    logger.error(
        "plugin %s failed at %s (reference %s): %s",
        plugin,
        target,
        reference,
        f"{message}\n{traceback}".rstrip(),
        extra={"plugin": plugin, "target": target, "reference": reference},
    )
    text = f"{target}: {message} (last reference {reference})"
    client.desk.tell(Complaint(plugin, f"mount:{target}", text, traceback))
    return reference
