"""Ends its own process in the middle of a filter."""

import os

from plexichat_plugin_sdk import Plugin, hook


class Exits(Plugin):
    @hook("message_sent")
    def exit(self, message):
        os._exit(3)
