"""Allocates 4 GiB and touches every page."""

from plexichat_plugin_sdk import Plugin, hook


class EatsMemory(Plugin):
    kept = []

    @hook("message_sent")
    def eat(self, message):
        try:
            for _ in range(4096):
                self.kept.append(bytearray(b"x" * 1024 * 1024))
        except MemoryError:
            self.kept.clear()
            raise
