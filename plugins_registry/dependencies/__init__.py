"""What a release needs besides itself: Python packages in a folder of its own, and other plugins.

`requirements` and `plugins` judge what a manifest asks for, `locks` reads what was resolved,
`uv` runs the tool that resolves and installs, `explaining` turns its words into sentences, and
`environments` puts it all together: a folder, built beside and ready to be moved into place.
Nothing here knows Django's models.
"""

from __future__ import annotations

from plugins_registry.dependencies.environments import Built, Order, build
from plugins_registry.dependencies.locks import Package, packages_of
from plugins_registry.dependencies.problems import BuildFailed

__all__ = ["BuildFailed", "Built", "Order", "Package", "build", "packages_of"]
