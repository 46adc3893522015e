"""Each plugin's own SQLite file, with the chat's database attached behind walls.

`walls` is the authorizer, `connecting` opens and bounds a connection, `session` runs statements,
`shapes` finds the columns' types, `store` keeps the files.
"""

from __future__ import annotations
