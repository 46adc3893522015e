"""The parts of `plexichat_plugin_sdk.database`: a PEP 249 connection over a line to the host."""

from __future__ import annotations
