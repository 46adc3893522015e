"""Changes every message: capital letters and an unknown key."""

from plexichat_plugin_sdk import Plugin, hook


class Shouts(Plugin):
    @hook("message_sent")
    def shout(self, message):
        message["content"] = message["content"].upper()
        message["shouted"] = True
        return message
