"""Remembers every event it is told, and shows them at an endpoint."""

from plexichat_plugin_sdk import Plugin, current_event, endpoint, hook

HOOKS = (
    "user_registered",
    "user_login",
    "user_logout",
    "user_profile_updated",
    "message_received",
    "message_deleted",
    "message_edited",
    "channel_created",
    "channel_member_joined",
    "channel_member_left",
    "plugin_error",
    "listens_wanted",
)


def remember(self, data):
    event = current_event()
    facts = (event.hook, data, event.event_id, event.attempt, event.receiver_id)
    self.heard.append(list(facts))


class Listens(Plugin):
    heard = []

    @endpoint("/api/v1/listens")
    def show(self, request):
        return self.heard


for name in HOOKS:

    def handler(self, data):
        remember(self, data)

    setattr(Listens, f"on_{name}", hook(name)(handler))
