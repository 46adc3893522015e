"""Messages: saying, correcting, taking back.

The way of a message: may this user speak here → what do the filters make of it, outside any
transaction, because they may take a second → does the result still fit → the row, together with
what the recorder writes → the sockets.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone

from plexichat.chat import event_payloads, events, payloads, queries
from plexichat.chat.content import Draft, check
from plexichat.chat.exceptions import Invalid, NotAMember, NotFound, PermissionDenied
from plexichat.chat.models import Channel, ChannelType, Membership, Message, User
from plexichat.chat.payloads import Payload
from plexichat.chat.services import announcements

logger = logging.getLogger(__name__)
REASON_CHARACTERS = 500


def post_message(
    author: User,
    channel_id: str,
    *,
    content: str,
    message_type: str = "text",
    metadata: dict[str, Any] | None = None,
) -> Message:
    """Say something in a channel and return the message as stored, which filters may have changed.

    Raises `Invalid`, `NotFound` for a channel the author may not see, `NotAMember`,
    `events.Blocked` and `events.FilterUnavailable`.
    """
    draft = check(Draft(content=content, message_type=message_type, metadata=metadata or {}))
    place = _channel_to_speak_in(author, channel_id)
    said = Message(channel=place, author=author, created_at=timezone.now())
    _fill(said, _consult(said, draft))
    with transaction.atomic():
        said.save(force_insert=True)
        events.message_stored(said.public_id)
        events.record("message_received", partial(event_payloads.message_received, said))
        announcements.said(said)
    return said


def edit_message(editor: User, message_id: str, *, content: str) -> Message:
    """Replace one's own message's words; filters are asked again, with `is_edit`.

    Raises what `post_message` raises, and `PermissionDenied` for someone else's message.
    """
    said = queries.message(editor, message_id)
    if said.author_id != editor.pk:
        raise PermissionDenied("Only its author edits a message.")
    if not queries.is_member(editor, said.channel):
        raise NotAMember("Join the channel to edit your messages in it.")
    draft = check(Draft(content=content, message_type=said.message_type, metadata=said.metadata))
    _fill(said, _consult(said, draft, is_edit=True))
    said.edited_at = timezone.now()
    with transaction.atomic():
        # Before the change: what is told of are the words that this edit replaces.
        events.record("message_edited", partial(_edit_told, said, editor))
        _change(said, "content", "message_type", "metadata", "edited_at")
        events.message_stored(said.public_id)
        announcements.edited(said)
    return said


def delete_message(actor: User, message_id: str, *, reason: str = "") -> None:
    """Take a message back: its author, or the creator of its channel.

    Words and metadata are wiped at once. Raises `NotFound`, `PermissionDenied`, `Invalid`.
    """
    if len(reason) > REASON_CHARACTERS:
        raise Invalid({"reason": [f"Must have at most {REASON_CHARACTERS} characters."]})
    said = queries.message(actor, message_id)
    if actor.pk not in (said.author_id, said.channel.creator_id):
        raise PermissionDenied("Only its author and the channel's creator delete a message.")
    said.content, said.metadata = "", {}
    said.deleted_at, said.deleted_by, said.deletion_reason = timezone.now(), actor, reason
    with transaction.atomic():
        _change(said, "content", "metadata", "deleted_at", "deleted_by", "deletion_reason")
        events.record("message_deleted", partial(event_payloads.message_deleted, said))
        announcements.deleted(said)


def _channel_to_speak_in(author: User, channel_id: str) -> Channel:
    """Return the channel in one query; only a refusal asks why.

    A bot need not join a public channel: whoever runs it decides where it speaks.
    """
    seat = (
        Membership.objects.filter(channel__public_id=channel_id, user=author)
        .select_related("channel")
        .first()
    )
    if seat is not None:
        return seat.channel
    place = queries.channel(author, channel_id)
    if author.is_bot and place.channel_type == ChannelType.PUBLIC:
        return place
    raise NotAMember("Join the channel to post in it.")


def _consult(said: Message, draft: Draft, *, is_edit: bool = False) -> Draft:
    """Ask the filters; returns what they made of the draft, checked anew."""
    question = payloads.message(said) | {
        "content": draft.content,
        "message_type": draft.message_type,
        "metadata": draft.metadata,
    }
    del question["edit_time"]  # filters hear of an edit by `is_edit`
    answer = events.consult(question | {"is_edit": True} if is_edit else question)
    try:
        return check(
            Draft(
                content=answer.get("content", draft.content),
                message_type=answer.get("message_type", draft.message_type),
                metadata=answer.get("metadata", draft.metadata),
            )
        )
    except Invalid as error:
        logger.error("filters made a message unfit to store", extra={"problems": error.errors})
        raise events.FilterUnavailable from error


def _edit_told(said: Message, editor: User) -> Payload:
    """Describe an edit about to be stored.

    Another edit may have come through while the filters looked at this one, so the old words are
    read anew, and nobody changes them again before this transaction is through.
    """
    row = Message.objects.visible().select_for_update().filter(pk=said.pk)
    old_content = row.values_list("content", flat=True).first()
    if old_content is None or said.edited_at is None:
        raise NotFound(queries.NO_SUCH_MESSAGE)
    return event_payloads.message_edited(
        said, editor=editor, old_content=old_content, at=said.edited_at
    )


def _fill(said: Message, draft: Draft) -> None:
    said.content, said.message_type = draft.content, draft.message_type
    said.metadata = draft.metadata


def _change(said: Message, *fields: str) -> None:
    """Write some fields of a message, unless it was deleted since it was read."""
    values = {name: getattr(said, name) for name in fields}
    if not Message.objects.visible().filter(pk=said.pk).update(**values):
        raise NotFound(queries.NO_SUCH_MESSAGE)
