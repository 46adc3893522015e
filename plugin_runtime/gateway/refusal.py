"""The gateway says no; in the words of every host."""

from __future__ import annotations

from plexichat_plugin_sdk._answers.refusal import Refusal, text

__all__ = ["Refusal", "text"]
