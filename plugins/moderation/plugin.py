"""Blocks or masks words, and keeps links to the hosts an admin allows."""

import re
from collections.abc import Iterable
from typing import Any

from plexichat_plugin_sdk import MessageBlocked, Plugin, PluginContext, hook
from plexichat_plugin_sdk.exceptions import ValidationError

LINK = re.compile(r"https?://(?:[^\s/@]*@)?(?P<host>[^\s/:?#]+)", re.IGNORECASE)
LINK_POLICIES = ("allow", "listed", "block")


class Moderation(Plugin):
    """Asked for every message, also for edits."""

    def on_load(self, context: PluginContext) -> None:
        """Prepare for the configuration as it is."""
        super().on_load(context)
        self.follow(self.config)

    def on_config_changed(self, config: dict[str, Any]) -> None:
        """An admin has changed it; the next message meets the new rules."""
        self.follow(config)

    def follow(self, config: dict[str, Any]) -> None:
        """Prepare the patterns once, so that a message costs three searches."""
        if config["links"] not in LINK_POLICIES:
            raise ValidationError(
                f"links is {config['links']!r}; choose one of {', '.join(LINK_POLICIES)}"
            )
        self.blocked = any_word(config["blocked_words"])
        self.masked = any_word(config["masked_words"])
        self.links = config["links"]
        self.hosts = [host.lower() for host in config["allowed_hosts"]]

    @hook("message_sent")
    def check(self, message: dict[str, Any]) -> dict[str, Any] | None:
        """Refuse the message, or mask words in it."""
        content = message["content"]
        found = self.blocked.search(content)
        if found:
            raise MessageBlocked(f"The word {found.group()!r} is not welcome here.")
        self.check_links(content)
        message["content"] = self.masked.sub(lambda word: "*" * len(word.group()), content)
        return message

    def check_links(self, content: str) -> None:
        """Refuse the message when it links to where it may not."""
        if self.links == "allow":
            return
        for link in LINK.finditer(content):
            if self.links == "block" or not self.is_allowed(link["host"].lower()):
                raise MessageBlocked(f"Links to {link['host']} are not allowed here.")

    def is_allowed(self, host: str) -> bool:
        """An allowed host allows its subdomains as well."""
        return any(host == allowed or host.endswith("." + allowed) for allowed in self.hosts)


def any_word(words: Iterable[str]) -> re.Pattern[str]:
    """Return a pattern for whole words in any case; of no words, one that never matches."""
    alternatives = "|".join(re.escape(word) for word in words if word.strip())
    return re.compile(rf"\b(?:{alternatives})\b" if alternatives else r"(?!)", re.IGNORECASE)
