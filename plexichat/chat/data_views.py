"""What plugins may read of the chat in SQL: four views, each behind a capability.

Each view names every column it shows. What is not named here (password hashes, tokens, sessions,
the reasons of deletions, deleted messages) cannot be read through it. Ids are the public ones.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Field, Model

from plexichat.chat.models import Channel, Membership, Message, User


@dataclass(frozen=True, kw_only=True)
class CoreView:
    """One view of the chat's tables."""

    #: The name plugins use.
    name: str
    #: What a plugin must have been granted.
    capability: str
    #: The view's columns, each with the expression behind it; tables by the aliases of `tables`.
    columns: tuple[tuple[str, tuple[str, str]], ...]
    #: Alias and name of each table; the first is what the view's rows come from.
    tables: tuple[tuple[str, str], ...]
    #: How the others are joined to it.
    joins: tuple[str, ...] = ()
    #: Which rows are left out, as a condition that keeps the others; may be empty.
    condition: str = ""

    def select(self, schema: str) -> str:
        """Return the SELECT, with every table taken from the given schema."""
        (alias, table), *others = self.tables
        shown = ", ".join(f"{place}.{column} AS {name}" for name, (place, column) in self.columns)
        text = f"SELECT {shown} FROM {schema}.{table} AS {alias}"
        for (alias, table), join in zip(others, self.joins, strict=True):
            text += f" {join.format(table=f'{schema}.{table} AS {alias}')}"
        return f"{text} WHERE {self.condition}" if self.condition else text

    def reads(self) -> frozenset[tuple[str, str]]:
        """Return each (table, column) that the SELECT reads, its joins and condition included."""
        names = dict(self.tables)
        return frozenset(
            (names[alias], column) for alias, column in [place for _, place in self.columns]
        ) | frozenset(_words_between(self, names))


def _words_between(view: CoreView, names: dict[str, str]) -> list[tuple[str, str]]:
    text = " ".join([*view.joins, view.condition]).replace("(", " ").replace(")", " ")
    dotted = [word.split(".") for word in text.split() if "." in word]
    return [(names[alias], column) for alias, column in dotted if alias in names]


def _table(model: type[Model]) -> str:
    return model._meta.db_table


def _column(model: type[Model], name: str) -> str:
    field = model._meta.get_field(name)
    assert isinstance(field, Field)  # a relation without a column is not shown
    assert field.column is not None
    return field.column


_USER_ID = _column(User, "public_id")
_USER_KEY = _column(User, "id")

USERS = CoreView(
    name="users",
    capability="user_data_read",
    columns=(
        ("user_id", ("u", _USER_ID)),
        ("username", ("u", _column(User, "username"))),
        ("email", ("u", _column(User, "email"))),
        ("display_name", ("u", _column(User, "display_name"))),
        ("registration_date", ("u", _column(User, "date_joined"))),
        ("is_active", ("u", _column(User, "is_active"))),
    ),
    tables=(("u", _table(User)),),
)
MESSAGES = CoreView(
    name="messages",
    capability="message_data_read",
    columns=(
        ("message_id", ("m", _column(Message, "public_id"))),
        ("user_id", ("u", _USER_ID)),
        ("channel_id", ("c", _column(Channel, "public_id"))),
        ("content", ("m", _column(Message, "content"))),
        ("timestamp", ("m", _column(Message, "created_at"))),
        ("message_type", ("m", _column(Message, "message_type"))),
        ("metadata", ("m", _column(Message, "metadata"))),
        ("edit_time", ("m", _column(Message, "edited_at"))),
    ),
    tables=(("m", _table(Message)), ("u", _table(User)), ("c", _table(Channel))),
    joins=(
        f"JOIN {{table}} ON u.{_USER_KEY} = m.{_column(Message, 'author')}",
        f"JOIN {{table}} ON c.{_column(Channel, 'id')} = m.{_column(Message, 'channel')}",
    ),
    condition=f"m.{_column(Message, 'deleted_at')} IS NULL",
)
CHANNELS = CoreView(
    name="channels",
    capability="channel_data_read",
    columns=(
        ("channel_id", ("c", _column(Channel, "public_id"))),
        ("name", ("c", _column(Channel, "name"))),
        ("channel_type", ("c", _column(Channel, "channel_type"))),
        ("creator_id", ("u", _USER_ID)),
        ("creation_time", ("c", _column(Channel, "created_at"))),
    ),
    tables=(("c", _table(Channel)), ("u", _table(User))),
    joins=(f"JOIN {{table}} ON u.{_USER_KEY} = c.{_column(Channel, 'creator')}",),
)
CHANNEL_MEMBERS = CoreView(
    name="channel_members",
    capability="channel_data_read",
    columns=(
        ("channel_id", ("c", _column(Channel, "public_id"))),
        ("user_id", ("u", _USER_ID)),
        ("join_time", ("s", _column(Membership, "joined_at"))),
        ("invited_by", ("i", _USER_ID)),
    ),
    tables=(
        ("s", _table(Membership)),
        ("c", _table(Channel)),
        ("u", _table(User)),
        ("i", _table(User)),
    ),
    joins=(
        f"JOIN {{table}} ON c.{_column(Channel, 'id')} = s.{_column(Membership, 'channel')}",
        f"JOIN {{table}} ON u.{_USER_KEY} = s.{_column(Membership, 'user')}",
        f"LEFT JOIN {{table}} ON i.{_USER_KEY} = s.{_column(Membership, 'invited_by')}",
    ),
)
#: All of them, by name.
VIEWS = {view.name: view for view in (USERS, MESSAGES, CHANNELS, CHANNEL_MEMBERS)}
