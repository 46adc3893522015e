"""The reference's own code: its blocks word for word, and completed so that they run.

A block in the reference leaves out what it does not explain: imports and helper methods. The
prelude adds the imports, and a subclass adds the helpers; the block itself is never touched.
"""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

REFERENCE = Path(__file__).parents[2] / "docs" / "plugin-api-reference.md"

_FENCED = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_CLASS = re.compile(r"^class (\w+)\((?:Plugin|PluginTestCase)\):$", re.MULTILINE)

PRELUDE = """\
import json
from typing import Any, Dict, List, Optional
from unittest.mock import Mock

from plexichat_plugin_sdk import (
    Plugin, PluginContext, emit_hook, endpoint, hook, websocket_endpoint,
)
from plexichat_plugin_sdk.cache import get_cache_client
from plexichat_plugin_sdk.config import get_config, update_config
from plexichat_plugin_sdk.database import get_db_connection
from plexichat_plugin_sdk.security import (
    check_permission, decrypt_data, encrypt_data, get_user_permissions, require_permission,
)
"""

_HELPERS = {
    "MessagePlugin": """
        def _contains_prohibited_content(self, content):
            return "forbidden" in content

        def _track_message_analytics(self, message_data):
            pass
    """,
    "APIPlugin": """
        def __init__(self):
            super().__init__()
            self._resources = {}

        def _get_user_data(self, user_id, limit):
            owned = [r for r in self._resources.values() if r["owner"] == user_id]
            return owned[:limit]

        def _validate_data(self, data):
            return isinstance(data, dict) and bool(data)

        def _create_resource(self, user_id, data):
            resource_id = str(len(self._resources) + 1)
            self._resources[resource_id] = {"owner": user_id, "id": resource_id, "data": data}
            return resource_id

        def _user_owns_resource(self, user_id, resource_id):
            found = self._resources.get(resource_id)
            return found is not None and found["owner"] == user_id

        def _update_resource(self, resource_id, data):
            self._resources[resource_id]["data"] = data
            return True

        def _delete_resource(self, resource_id):
            return self._resources.pop(resource_id, None) is not None
    """,
    "WebSocketPlugin": """
        def __init__(self):
            super().__init__()
            self._subscriptions = {}

        def _handle_subscription(self, user_id, channels):
            self._subscriptions.setdefault(user_id, set()).update(channels)

        def _handle_unsubscription(self, user_id, channels):
            self._subscriptions.get(user_id, set()).difference_update(channels)

        def _process_message(self, user_id, message):
            return {"type": "echo", "user_id": user_id, "message": message}
    """,
}


def reference_classes() -> list[str]:
    """Return the names of all plugin and test classes that the reference shows."""
    return [name for block in reference_code() for name in _CLASS.findall(block)]


def reference_block(class_name: str) -> str:
    """Return the block that defines a class, verbatim; raise `LookupError` without one."""
    for block in reference_code():
        if class_name in _CLASS.findall(block):
            return block
    raise LookupError(f"the reference defines no class {class_name!r}")


def completed_plugin(class_name: str) -> str:
    """Return a module that runs: imports, the block verbatim, and what the block leaves out.

    The helpers lie in a subclass `Completed<class_name>`, which the loader finds because it is
    the most derived one. A block that needs none gets no subclass.
    """
    module = f"{PRELUDE}\n\n{reference_block(class_name)}"
    helpers = _HELPERS.get(class_name)
    if helpers is None:
        return module
    body = textwrap.indent(textwrap.dedent(helpers).strip(), "    ")
    return f"{module}\n\nclass Completed{class_name}({class_name}):\n{body}\n"


def reference_code() -> list[str]:
    """Return all Python blocks of the reference, verbatim and in order."""
    return _FENCED.findall(REFERENCE.read_text(encoding="utf-8"))
