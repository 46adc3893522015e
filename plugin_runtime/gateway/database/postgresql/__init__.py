"""Plugins' databases on PostgreSQL: a schema and a login role for each.

What a plugin may reach is decided by its role: `provision` makes it, `views` opens the core's
views to it. What every role could do besides is refused by name in `walls`. `link` talks to the
server in one round trip a statement, `session` is what a plugin's transaction is to us.
`upgrading` gets the views out of the way of the core's own migrations, in every process, so
nothing here is imported that loads the driver.
"""

from __future__ import annotations
