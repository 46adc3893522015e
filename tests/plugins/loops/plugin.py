"""Loops for ever in a filter, without a pause."""

from plexichat_plugin_sdk import Plugin, hook


class Loops(Plugin):
    @hook("message_sent")
    def loop(self, message):
        while True:
            pass
