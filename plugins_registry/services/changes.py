"""The frame around every change: one transaction, one new generation, announced after commit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from django.db import transaction

from plugins_registry.exceptions import PluginNotFound
from plugins_registry.models import Generation, Plugin
from plugins_registry.signals import announce


@contextmanager
def change() -> Iterator[None]:
    """Change something. Changes of the registry wait for each other, so checks inside hold."""
    with transaction.atomic():
        generation = Generation.objects.advance()
        yield
        transaction.on_commit(partial(announce, generation))


def find(name: str) -> Plugin:
    """The plugin with its release, or `PluginNotFound`."""
    plugin = Plugin.objects.select_related("release").filter(name=name).first()
    if plugin is None:
        raise PluginNotFound(name, Plugin.objects.order_by("name").values_list("name", flat=True))
    return plugin
