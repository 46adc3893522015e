"""Verbs about remote catalogues: catalogue list|add|remove|refresh|overrule, search, updates."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import asdict
from pathlib import Path
from typing import Any

from plugins_registry import queries, services
from plugins_registry.commands.parsers import Verbs, add_json, add_verb
from plugins_registry.commands.terminal import Terminal, one_line
from plugins_registry.exceptions import CatalogueRefused, RegistryError
from plugins_registry.models import Catalogue
from plugins_registry.queries import Offer, Update

#: Far larger than any root.
_ROOT_BYTES = 1024**2


def register(verbs: Verbs) -> None:
    """Add this group's parsers."""
    told = "List, add, remove and refresh remote catalogues; overrule a block of one."
    parser = add_verb(verbs, "catalogue", list_catalogues, with_name=False, told=told)
    inner = parser.add_subparsers(metavar="VERB", dest="catalogue_verb", required=True)
    add_json(add_verb(inner, "list", list_catalogues, with_name=False))
    _register_add(add_verb(inner, "add", add, with_name=False))
    removing = add_verb(inner, "remove", remove, with_name=False)
    removing.add_argument("catalogue", help="the catalogue's name")
    refreshing = add_verb(inner, "refresh", refresh, with_name=False)
    refreshing.add_argument("catalogue", nargs="?", default="", help="one of them; all if unset")
    overruling = add_verb(inner, "overrule", overrule, with_name=False)
    overruling.add_argument("catalogue", help="the catalogue's name")
    overruling.add_argument("number", type=int, help="the block's number, as its problem tells it")
    overruling.add_argument("--heed", action="store_true", help="heed the block again")
    searching = add_verb(verbs, "search", search, with_name=False)
    searching.add_argument("words", nargs="*", help="all of them must be there")
    searching.add_argument("--category", default="", help="only plugins of this category")
    searching.add_argument("--tag", default="", help="only plugins with this tag")
    add_json(searching)
    add_json(add_verb(verbs, "updates", updates, with_name=False))


def add_catalogue_choice(parser: ArgumentParser) -> None:
    """The options of verbs that take a package from a path or a catalogue."""
    parser.add_argument("--catalogue", default="", help="the catalogue to take it from")
    parser.add_argument(
        "--now", action="store_true", help="also when its catalogue offers it only for a short time"
    )


def _register_add(parser: ArgumentParser) -> None:
    parser.add_argument("catalogue", help="a name for it, as in 'my-plugins'")
    parser.add_argument("url", help="its address: https://…, or http://… on this machine")
    parser.add_argument(
        "--root",
        type=Path,
        required=True,
        metavar="FILE",
        help="its root.json, got from its publisher by hand",
    )
    parser.add_argument(
        "--allow-private", action="store_true", help="it is inside a private network"
    )
    parser.add_argument(
        "--no-blocks", action="store_true", help="stop nothing that only it says is bad"
    )


def list_catalogues(options: Namespace, terminal: Terminal) -> None:
    """List the remote catalogues, and when each was last believed."""
    rows = [_facts(each) for each in Catalogue.objects.prefetch_related("plugins", "blocks")]
    if options.json:
        terminal.json(rows)
    elif not rows:
        terminal.line(
            "no catalogue is known yet; add one: manage.py plugin catalogue add NAME URL --root "
            "FILE"
        )
    else:
        keys = ("name", "url", "plugins", "blocks", "refreshed_at", "problem")
        terminal.table(keys, ([one_line(row[key]) for key in keys] for row in rows))


def add(options: Namespace, terminal: Terminal) -> None:
    """Trust a catalogue's root and ask it what it offers."""
    services.add_catalogue(
        options.catalogue,
        options.url,
        _root(options.root),
        allow_private=options.allow_private,
        heeds_blocks=not options.no_blocks,
    )
    terminal.line(f"the catalogue {options.catalogue} is added")
    _refresh(options.catalogue, terminal)


def remove(options: Namespace, terminal: Terminal) -> None:
    """Forget a catalogue; what came from it stays installed."""
    services.remove_catalogue(options.catalogue)
    terminal.line(f"the catalogue {options.catalogue} is removed")


def refresh(options: Namespace, terminal: Terminal) -> None:
    """Ask catalogues what they offer and block now."""
    names = [options.catalogue] if options.catalogue else [*_names()]
    refused = []
    for name in names:
        try:
            _refresh(name, terminal)
        except CatalogueRefused as error:
            refused.append(str(error))
    if refused:
        raise RegistryError("\n".join(refused))


def overrule(options: Namespace, terminal: Terminal) -> None:
    """Let what a catalogue has blocked run here nevertheless."""
    block = services.overrule_block(options.catalogue, options.number, overruled=not options.heed)
    done = "is heeded again" if options.heed else "is overruled; enable what shall run"
    terminal.line(f"the block of {block} {done}")


def search(options: Namespace, terminal: Terminal) -> None:
    """Find plugins in the catalogues by words, category or tag."""
    offers = queries.search(options.words, category=options.category, tag=options.tag)
    if options.json:
        terminal.json([asdict(offer) for offer in offers])
    elif not offers:
        terminal.line("nothing was found")
    else:
        terminal.table(
            ("name", "version", "catalogue", "category", "summary"),
            (_told(offer) for offer in offers),
        )


def updates(options: Namespace, terminal: Terminal) -> None:
    """List newer releases of installed plugins that may be taken now."""
    found = queries.updates()
    if options.json:
        terminal.json([asdict(update) for update in found])
    elif not found:
        terminal.line("the catalogues offer nothing newer than what is installed")
    else:
        terminal.table(
            ("name", "installed", "offered", "catalogue", "asks newly for"),
            (_told_update(update) for update in found),
        )
        terminal.line("take one: manage.py plugin upgrade NAME")


def _refresh(name: str, terminal: Terminal) -> None:
    news = services.refresh_catalogue(name)
    terminal.line(f"{name} offers {news.plugins} plugin{'' if news.plugins == 1 else 's'}")
    if news.stopped:
        terminal.line(f"stopped, since it blocks their releases: {', '.join(news.stopped)}")


def _names() -> list[str]:
    return list(Catalogue.objects.values_list("name", flat=True))


def _root(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_ROOT_BYTES)
    except OSError as error:
        raise CatalogueRefused(f"{path} cannot be read: {error.strerror or error}") from error


def _facts(catalogue: Catalogue) -> dict[str, Any]:
    refreshed = catalogue.refreshed_at
    return {
        "name": catalogue.name,
        "url": catalogue.url,
        "plugins": len(catalogue.plugins.all()),
        "blocks": len(catalogue.blocks.all()),
        "refreshed_at": refreshed.isoformat(timespec="seconds") if refreshed else None,
        "problem": catalogue.problem,
    }


def _told(offer: Offer) -> list[str]:
    summary = f"({offer.refused}) {offer.summary}" if offer.refused else offer.summary
    facts = (offer.name, offer.version, offer.catalogue, offer.category, summary)
    return [one_line(fact) for fact in facts]


def _told_update(update: Update) -> list[str]:
    fresh = ", ".join(update.new_capabilities)
    offer = update.offer
    return [
        one_line(fact)
        for fact in (update.name, update.installed, offer.version, offer.catalogue, fresh)
    ]
