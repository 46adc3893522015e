"""How what rows hold is shown: tables, texts, links, moments. All of it escaped."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.db.models import Model
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

#: In place of nothing, as Django's admin does.
NOTHING = SafeString("-")
_SHORT_CHARACTERS = 120
#: Cells with more get room.
_LONG_CHARACTERS = 24


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> SafeString:
    """A table that scrolls by itself where it is too wide; a dash without rows."""
    lines = [format_html_join("", "<td{}>{}</td>", map(_cell, row)) for row in rows]
    if not lines:
        return NOTHING
    head = format_html_join("", '<th scope="col">{}</th>', ((text,) for text in heads))
    body = format_html_join("", "<tr>{}</tr>", ((line,) for line in lines))
    return format_html(
        '<div class="plexi-table"><table><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>',
        head,
        body,
    )


def facts(pairs: Iterable[tuple[str, object]]) -> SafeString:
    """Names with their values, one below the other; those without a value are left out."""
    return table(("", ""), (pair for pair in pairs if pair[1] not in ("", None, (), [])))


def text(content: str) -> SafeString:
    """Text as it is, with its lines; a dash without any."""
    return format_html('<pre class="plexi-text">{}</pre>', content) if content else NOTHING


def as_json(values: Any) -> SafeString:
    """A value as people write it in JSON; a dash without any."""
    return text(json.dumps(values, indent=2, ensure_ascii=False)) if values else NOTHING


def short(content: str) -> str:
    """The first line, for lists."""
    line = content.partition("\n")[0]
    return line if len(line) <= _SHORT_CHARACTERS else f"{line[: _SHORT_CHARACTERS - 1]}…"


def moment(value: datetime | str | None) -> SafeString:
    """A moment to the second, also one that was stored as text; UTC, as everything here."""
    if isinstance(value, datetime):
        value = value.isoformat()
    if not value:
        return SafeString()
    return format_html("<time>{}</time>", value[:19].replace("T", " "))


def link(row: Model | None, words: str = "") -> SafeString:
    """A link to a row's page; a dash without a row."""
    if row is None:
        return NOTHING
    address = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
    return format_html('<a href="{}">{}</a>', address, words or row)


def list_link(model: type[Model], words: str, search: str) -> SafeString:
    """A link to the rows of a model that a search finds."""
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    return format_html('<a href="{}?{}">{}</a>', address, urlencode({"q": search}), words)


def badge(value: str, words: str) -> SafeString:
    """A state as a word in a frame whose colour says how good it is."""
    return format_html(
        '<span class="plexi-badge plexi-{}">{}</span>', _COLOURS.get(value, "plain"), words
    )


def _cell(content: object) -> tuple[SafeString, object]:
    is_long = isinstance(content, str) and len(content) > _LONG_CHARACTERS
    is_text = is_long and not isinstance(content, SafeString)
    return SafeString(' class="plexi-long"' if is_text else ""), content


_COLOURS = {
    **dict.fromkeys(("active", "done", "trusted", "bundled", "activated", "ok"), "good"),
    **dict.fromkeys(("starting", "stopping", "running", "trial", "watched", "unknown"), "busy"),
    **dict.fromkeys(
        ("quarantined", "backing_off", "failed", "refused", "returned", "abandoned"), "bad"
    ),
    **dict.fromkeys(("revoked", "tampered", "contradiction"), "bad"),
    **dict.fromkeys(("risk", "unsigned"), "busy"),
}
