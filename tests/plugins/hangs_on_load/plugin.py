"""Never comes back from on_load."""

import time

from plexichat_plugin_sdk import Plugin


class HangsOnLoad(Plugin):
    def on_load(self, context):
        while True:
            time.sleep(60)
