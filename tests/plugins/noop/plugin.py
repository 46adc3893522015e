"""Answers at once and changes nothing: the floor of what a filter costs."""

from plexichat_plugin_sdk import Plugin, hook


class Noop(Plugin):
    @hook("message_sent")
    def allow(self, message) -> None:
        pass
