"""Background tasks that fail: into the log with their stack, and before the admin."""

from __future__ import annotations

from plexichat_plugin_sdk import _host
from plexichat_plugin_sdk._handlers.failures import summary
from plexichat_plugin_sdk._handlers.stacks import exception_text
from plexichat_plugin_sdk.exceptions import PluginError
from plexichat_plugin_sdk.logging import get_logger


def failed(name: str, error: BaseException) -> None:
    """Tell of a task that raised; never raises."""
    get_logger().error("%s raised", name, exc_info=error)
    try:
        _host.ask(
            "problems.background",
            name=name,
            message=summary(error),
            traceback=exception_text(error),
        )
    except PluginError as refusal:
        get_logger().debug("the admin was not told of it: %s", refusal)
