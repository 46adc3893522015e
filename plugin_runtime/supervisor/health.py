"""Whether the supervisor of this node answers."""

from __future__ import annotations

from plugin_runtime.switchboard.client import is_answering

__all__ = ["is_answering"]
