"""What every host answers alike: the server's gateway, and the one that tests bring along.

Checks of what a plugin asks, commands of its cache, the reading of its SQL. The server imports it
as authors' tests do, so the two cannot come to differ. It decides and computes, and touches
neither a server nor a plugin.
"""

from __future__ import annotations
