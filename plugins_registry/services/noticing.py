"""Update notices: one problem for each newer release that a catalogue offers."""

from __future__ import annotations

from plugins_registry.models import Problem
from plugins_registry.queries.offers import Update, updates
from plugins_registry.services.problems import raise_problem

_KEY = "update:"


def notice_updates() -> None:
    """Tell admins of newer releases, each once; forget what was installed or withdrawn since."""
    found = {(update.name, _KEY + update.offer.version): update for update in updates()}
    for problem in Problem.objects.filter(key__startswith=_KEY).select_related("plugin"):
        known = (problem.plugin.name if problem.plugin else "", problem.key)
        if found.pop(known, None) is None:
            problem.delete()
    for (name, key), update in found.items():
        raise_problem(name, key, _sentence(update))


def _sentence(update: Update) -> str:
    text = f"release {update.offer.version} can take the place of {update.installed}"
    if update.new_capabilities:
        text += f"; it asks for {', '.join(update.new_capabilities)} in addition"
    return f"{text}. Try it: manage.py plugin upgrade {update.name} {update.name}"
