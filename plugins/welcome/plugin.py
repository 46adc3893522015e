"""Greets people with their first message in a channel."""

from collections import OrderedDict
from typing import Any

from plexichat_plugin_sdk import Allow, Plugin, PluginContext, Request, endpoint, hook

REMEMBERED = 10_000


class Welcome(Plugin):
    """Adds a greeting to the first message that it sees of a user in a channel."""

    def on_load(self, context: PluginContext) -> None:
        """Begin with nobody greeted."""
        super().on_load(context)
        # Ordered, so that the ones longest known make room for new ones.
        self.greeted: OrderedDict[tuple[str, str], None] = OrderedDict()

    @hook("message_sent", on_none="allow")
    def greet(self, message: dict[str, Any]) -> dict[str, Any] | Allow:
        """Add the greeting, once for each person and channel."""
        who_and_where = message["user_id"], message["channel_id"]
        if message.get("is_edit") or who_and_where in self.greeted:
            return Allow()
        self.greeted[who_and_where] = None
        if len(self.greeted) > REMEMBERED:
            self.greeted.popitem(last=False)
        message["metadata"]["welcome"] = self.config["greeting"]
        return message

    @endpoint("/api/v1/welcome")
    def show(self, request: Request) -> dict[str, str]:
        """The greeting, for clients that show it before anybody writes."""
        return {"greeting": self.config["greeting"]}
