"""The hook catalogue as a page for authors.

python -m plexichat_plugin_sdk._catalogue_page > docs/hooks.md
"""

from __future__ import annotations

import sys

from ._catalogue import CORE_HOOKS, HOOK_ALIASES, CoreHook, Key

_HEAD = """\
# Hooks

<!-- Made by `python -m plexichat_plugin_sdk._catalogue_page > docs/hooks.md`; do not edit. -->

A **filter** is asked before something happens, and its answer decides. An **event** is told
after the fact. A method handles a hook when it is decorated with `@hook("name")`; it is called
with one dict. An *optional* key is left out when there is nothing to say. Keys marked *added*
are this server's; the reference does not list them.
"""

_DELIVERY = """\
## How events are delivered

- **At least once.** An event is stored together with the fact, for each plugin that handles its
  hook, and is remembered until the plugin's handlers have returned, whatever dies in between. A
  plugin that died half-way is told again, so an event may come twice: the same `event_id` tells.
- **In order, with one exception.** A plugin is told its events in the order in which they
  happened. One that failed is tried again later, and those behind it do not wait for it.
- **Five tries.** A handler that raises is called again after 10, 20, 40 and 80 seconds. After the
  fifth failure the event rests with its reason and last traceback until an admin retries or
  drops it.
- **All handlers.** When several methods of a plugin handle one hook, all are called, each with
  its own copy of the data; if one raises, the event has failed, and all are called again.
- **Returned values** of event handlers are ignored.

The data holds only what this page lists. What else is known of the event is asked for:

```python
from plexichat_plugin_sdk import Plugin, current_event, hook


class Counter(Plugin):
    @hook("user_login")
    def on_user_login(self, login_data):
        event = current_event()
        self.logger.info("a login at %s", event.occurred_at, extra={"event_id": event.event_id})
```

A handler whose work must not be done twice keeps the `event_id`s it has seen, and keeps them where
they outlive the plugin's process: an event is told again above all when that process has died.

`current_event()` returns `None` outside of an event's handler. Its fields are `event_id`, `hook`,
`occurred_at` (when it happened: ISO 8601, UTC), `attempt` (1 at first) and `receiver_id` (for
`message_received`, the member it is told for; else empty).

## Custom hooks

`emit_hook("name", payload)` tells the other plugins that handle `name`. When it returns, the event
is stored, and it is delivered as described above. Names start with a lower-case letter and go on
with those, digits, underscores and dots, at most 100 characters; the names above are the chat's
own and are refused. The payload is a dict of JSON values, at most 64 KiB of JSON.

A plugin does not hear what it emits itself. An event that is emitted while another is handled
lies one step deeper than that one; more than eight steps deep `emit_hook` raises `LimitReached`,
as it does when a plugin emits more than its share: a hundred events a second, and 32 KiB of
payloads (8 MiB at once).
"""


def page() -> str:
    """Return the whole page as Markdown."""
    sections = [_section(each) for each in CORE_HOOKS.values()]
    return "\n".join([_HEAD, "## Core hooks\n", *sections, _DELIVERY])


def _section(hook: CoreHook) -> str:
    older = [f"`{alias}`" for alias, name in HOOK_ALIASES.items() if name == hook.name]
    also = f" Also accepted: {', '.join(older)}." if older else ""
    head = f"### `{hook.name}`\n\n*{hook.kind}* · {hook.summary}.{also}\n"
    table = "| key | type | meaning |\n|---|---|---|\n" + "".join(map(_row, hook.keys))
    return "\n".join([head, table, *([f"{hook.note}\n"] if hook.note else [])])


def _row(key: Key) -> str:
    said = [word for word, holds in (("optional", key.optional), ("added", key.added)) if holds]
    marks = f" ({', '.join(said)})" if said else ""
    return f"| `{key.name}` | `{key.type}` | {key.text}{marks} |\n"


if __name__ == "__main__":
    sys.stdout.write(page())
