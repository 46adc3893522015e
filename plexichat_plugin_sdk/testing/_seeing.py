"""What a test puts into the chat, and what it sees of what the plugin did."""

from __future__ import annotations

import datetime
import secrets
from typing import Any

from ._core import Row
from ._host import MockHost


class Seeing:
    """The part of `MockContext` that looks, and that fills the chat's views."""

    host: MockHost

    @property
    def now(self) -> datetime.datetime:
        """The time of the test's clock, in UTC; `advance` turns it."""
        return self.host.clock.now

    @property
    def logs(self) -> list[dict[str, Any]]:
        """The log so far: `level`, `logger`, `message`, `extra` and `exception` of each record."""
        return [facts for what, facts in self.host.told if what == "log.record"]

    @property
    def log_messages(self) -> list[str]:
        """The texts of the log so far."""
        return [record["message"] for record in self.logs]

    @property
    def emitted(self) -> list[tuple[str, dict[str, Any]]]:
        """The custom hooks that the plugin emitted: name and payload."""
        return [(each["name"], each["payload"]) for each in self.host.emitted]

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The messages that the plugin's bot sent, as they were stored."""
        return self.host.messages

    @property
    def broadcasts(self) -> list[dict[str, Any]]:
        """The plugin's broadcasts: `path`, `data` and `user_ids`."""
        return self.host.broadcasts

    @property
    def problems(self) -> list[dict[str, Any]]:
        """Background tasks and jobs that failed, as an admin would be told."""
        return self.host.problems

    @property
    def stored_config(self) -> dict[str, Any]:
        """What is stored over the manifest's settings."""
        return self.host.configuration.stored

    def add_user(self, user_id: str, *, username: str = "", **facts: Any) -> Row:
        """Let the chat know a user; `facts` are columns of the view `users`."""
        known = {"registration_date": self.now, "is_active": True, "email": "", "display_name": ""}
        return self.host.core.add(
            "users", **{**known, "user_id": user_id, "username": username or user_id, **facts}
        )

    def add_channel(self, channel_id: str, *, members: tuple[str, ...] = (), **facts: Any) -> Row:
        """Let the chat know a channel, public unless `channel_type` says otherwise."""
        known = {"name": channel_id, "channel_type": "public", "creation_time": self.now}
        row = self.host.core.add("channels", **{**known, "channel_id": channel_id, **facts})
        for user_id in members:
            self.add_member(channel_id, user_id)
        return row

    def add_member(self, channel_id: str, user_id: str, *, invited_by: str | None = None) -> Row:
        """Let a user be a member of a channel."""
        return self.host.core.add(
            "channel_members",
            channel_id=channel_id,
            user_id=user_id,
            join_time=self.now,
            invited_by=invited_by,
        )

    def add_message(self, content: str, *, user_id: str, channel_id: str, **facts: Any) -> Row:
        """Let the chat have a message; it is stored, no hook is called."""
        known: dict[str, Any] = {
            "message_id": secrets.token_urlsafe(12),
            "timestamp": self.now,
            "message_type": "text",
            "metadata": {},
        }
        named = {"content": content, "user_id": user_id, "channel_id": channel_id}
        return self.host.core.add("messages", **{**known, **named, **facts})
