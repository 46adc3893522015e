"""Fails, dies or hangs on events whose message says so, and remembers the others.

The setting `mended` ends the failing.
"""

import os
import time

from plexichat_plugin_sdk import Plugin, endpoint, hook


class Stumbles(Plugin):
    heard = []
    mended = False

    def on_config_changed(self, config):
        self.mended = config["mended"]
        self.heard.append("mended" if self.mended else "broken")

    @hook("message_edited")
    def on_edit(self, edit):
        content = edit["new_content"]
        if "fail" in content and not self.mended:
            raise RuntimeError("I stumbled over this")
        if "die" in content:
            os._exit(7)
        while "hang" in content:
            time.sleep(60)
        self.heard.append(content)

    @endpoint("/api/v1/stumbles")
    def show(self, request):
        return self.heard
