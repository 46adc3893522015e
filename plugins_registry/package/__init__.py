"""A plugin package: a folder or an archive, read safely and kept as an immutable release.

`inspecting.inspect` copies a source into a private folder and finds everything that is wrong with
it; `store` moves that folder to where releases live. No code of the package is ever run here.
"""

from __future__ import annotations
