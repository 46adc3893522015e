"""Actions: asked about first where they are dangerous, done one by one, told one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.http import HttpRequest
from django.template.response import TemplateResponse

from plugins_registry.admin.readonly import PAGE
from plugins_registry.exceptions import RegistryError

if TYPE_CHECKING:
    from plugins_registry.admin.readonly import ModelAdmin

CONFIRMED = "_confirmed"


def do_each(
    request: HttpRequest, names: Iterable[str], verb: Callable[[str], object], done: str
) -> None:
    """Call a verb for each name and tell the admin what came of it; `done` has a `{}` for it."""
    for name in names:
        try:
            verb(name)
        except RegistryError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, done.format(name))


@dataclass(frozen=True, kw_only=True)
class Affected:
    """One row that an action is about, and what would become of it."""

    key: object
    name: str
    consequences: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What can be chosen on the page that asks: a form field's name, and values with words."""

    name: str
    label: str
    options: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class Question:
    """What the admin is asked before an action is carried out."""

    #: The action's name.
    action: str
    title: str
    #: What the button says.
    verb: str
    affected: tuple[Affected, ...]
    #: Whether what is done cannot be undone.
    is_final: bool = False
    choice: Choice | None = None
    #: Whether a sentence for the record is asked for, as `reason`.
    asks_reason: bool = False


def is_confirmed(request: HttpRequest) -> bool:
    """Whether the admin has seen the question and said yes."""
    return request.method == "POST" and CONFIRMED in request.POST


def ask(model_admin: ModelAdmin, request: HttpRequest, question: Question) -> TemplateResponse:
    """The page that asks; its form sends the same action again, confirmed."""
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "media": model_admin.media,
        "title": question.title,
        "question": question,
        "checkbox": ACTION_CHECKBOX_NAME,
        "confirmed": CONFIRMED,
        "page": (PAGE, request.POST.get(PAGE, "")),
    }
    return TemplateResponse(request, "admin/plugins_registry/confirm.html", context)
