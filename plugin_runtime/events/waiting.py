"""Why a delivery has to wait."""

from __future__ import annotations


class Unreachable(Exception):
    """The plugin cannot be told anything at the moment; the sweep tries again."""
