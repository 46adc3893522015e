"""The one way in which building an environment fails."""

from __future__ import annotations


class BuildFailed(Exception):
    """An environment could not be built; the text is a sentence for the admin. Nothing is left."""
