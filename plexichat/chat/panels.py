"""What others add to a message's page in the admin.

The chat does not know who judges its messages. Whoever does may show here what it made of one.
"""

from __future__ import annotations

from collections.abc import Callable

from django.utils.safestring import SafeString

#: Gets a message's public id and returns safe HTML; an empty text shows a dash.
MessagePanel = Callable[[str], SafeString]

_panel: MessagePanel | None = None


def set_message_panel(panel: MessagePanel | None) -> None:
    """Show this panel on each message's page from now on, in this process."""
    global _panel
    _panel = panel


def message_panel(message_id: str) -> SafeString:
    """Return what is shown of a message; empty when nobody has anything to say."""
    return _panel(message_id) if _panel is not None else SafeString()
