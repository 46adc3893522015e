"""Verbs about publishers: whose signatures count."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from plugins_registry import services
from plugins_registry.commands.parsers import Verbs, add_json, add_verb
from plugins_registry.commands.terminal import Terminal
from plugins_registry.models import PublisherKey


def register(verbs: Verbs) -> None:
    """Add this group's parsers: `publisher list|add|revoke`."""
    told = "List, add and revoke the publishers' keys whose signatures count."
    parser = add_verb(verbs, "publisher", list_keys, with_name=False, told=told)
    inner = parser.add_subparsers(metavar="VERB", dest="publisher_verb", required=True)
    add_json(add_verb(inner, "list", list_keys, with_name=False))
    adding = add_verb(inner, "add", add, with_name=False)
    adding.add_argument("publisher", help="their name")
    adding.add_argument("key", help="their public key, as plexichat-plugin keygen prints it")
    revoking = add_verb(inner, "revoke", revoke, with_name=False)
    revoking.add_argument("key_id", help="the key's id, as the list shows it")
    revoking.add_argument("--reason", default="", help="why; shown to admins")


def list_keys(options: Namespace, terminal: Terminal) -> None:
    """List the publishers whose signatures count, with their keys."""
    rows = [_facts(key) for key in PublisherKey.objects.select_related("publisher")]
    if options.json:
        terminal.json(rows)
    elif not rows:
        terminal.line("nobody is trusted yet; add one: manage.py plugin publisher add NAME KEY")
    else:
        keys = ("publisher", "key_id", "added_at", "state")
        terminal.table(keys, ([row[key] for key in keys] for row in rows))


def add(options: Namespace, terminal: Terminal) -> None:
    """Trust what a publisher's key signs."""
    key = services.trust_publisher(options.publisher, options.key)
    terminal.line(f"what the key {key.key_id} signs is trusted as {key.publisher}'s")


def revoke(options: Namespace, terminal: Terminal) -> None:
    """Trust nothing any more that a key has signed."""
    names = services.revoke_key(options.key_id, options.reason)
    terminal.line(f"the key {options.key_id} is revoked")
    if names:
        terminal.line(f"signed with it, and now a problem: {', '.join(names)}")


def _facts(key: PublisherKey) -> dict[str, Any]:
    return {
        "publisher": key.publisher.name,
        "key_id": key.key_id,
        "public_key": key.public_key,
        "added_at": key.added_at.isoformat(timespec="seconds"),
        "state": f"revoked: {key.revoked_reason}" if key.revoked_at else "trusted",
    }
