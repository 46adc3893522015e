"""Raises in a filter."""

from plexichat_plugin_sdk import Plugin, hook


class Raises(Plugin):
    @hook("message_sent")
    def fail(self, message):
        raise RuntimeError("the secret of " + message["content"])
