"""Raises in on_load."""

from plexichat_plugin_sdk import Plugin


class RaisesOnLoad(Plugin):
    def on_load(self, context):
        raise ValueError("no luck today")
