"""What a plugin reports of itself: background work that failed, which no caller waits for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plexichat_plugin_sdk._wire import codes
from plugins_registry import services

from .asking import Asker
from .budget import Budgets
from .refusal import Refusal, text

#: A problem is written each time; a plugin that fails in a loop needs no more than this.
budgets = Budgets(lambda: 1.0, at_once=20.0)
#: One problem for all of it, so that invented names cannot fill the list.
KEY = "background"


def background_failed(asker: Asker, arguments: Mapping[str, Any]) -> None:
    """Put a failed background task before the admins; raise `Refusal`."""
    name, message = text(arguments, "name"), text(arguments, "message")
    traceback = text(arguments, "traceback")
    if not budgets.take(asker.plugin):
        raise Refusal(codes.LIMIT_REACHED, "too many background tasks fail to tell of each")
    services.raise_problem(
        asker.plugin, KEY, f"{name[:200]} failed: {message}", details={"traceback": traceback}
    )


QUESTIONS = {"problems.background": background_failed}
