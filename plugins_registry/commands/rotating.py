"""The verb `rotate-keys`: secrets get the first key, and what still needs others is told."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict

from plugins_registry import keys, services
from plugins_registry.commands.parsers import Verbs, add_json, add_verb
from plugins_registry.commands.terminal import Terminal


def register(verbs: Verbs) -> None:
    """Add this group's parser."""
    add_json(add_verb(verbs, "rotate-keys", rotate_keys, with_name=False))


def rotate_keys(options: Namespace, terminal: Terminal) -> None:
    """Encrypt stored secrets with the first key, and tell what still needs the old ones."""
    rotation, old = services.rotate_secrets(), services.old_tokens()
    if options.json:
        terminal.json({"key": keys.key_ids()[0], **asdict(rotation), **asdict(old)})
        return
    terminal.line(f"secrets encrypted anew with the key {keys.key_ids()[0]}: {rotation.renewed}")
    for plugin, count in rotation.lost.items():
        terminal.line(
            f"{plugin}: {count} secrets cannot be opened, their key is gone; set them anew with "
            f"manage.py plugin config {plugin}"
        )
    for plugin, counts in old.counts.items():
        for key, count in counts.items():
            terminal.line(f"{plugin}: {count} tokens in its database still need the key {key}")
    terminal.line(_advice(old))


def _advice(old: services.OldTokens) -> str:
    others = keys.key_ids()[1:]
    if not others:
        return "there is no old key"
    if not old.is_counted:
        return f"keep the old keys ({', '.join(others)}): nobody can count tokens of plugins here"
    kept = [key for key in others if key not in old.droppable]
    needed = f"still needed: {', '.join(kept)}" if kept else "no old key is needed any more"
    if not old.droppable:
        return needed
    return (
        f"{needed}; {', '.join(old.droppable)} may be dropped from PLEXICHAT_ENCRYPTION_KEYS, "
        "unless plugins keep tokens elsewhere, as in their cache"
    )
