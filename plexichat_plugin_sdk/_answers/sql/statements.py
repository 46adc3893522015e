"""Reading a plugin's SQL: one statement, of a kind that plugins may use.

The second wall; the first is the database itself. What is read here also makes both databases
look alike to authors: `%s` and `%(name)s` become the placeholders that the database wants.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import dropwhile, pairwise
from typing import Any

from .lexer import Dialect, Kind, StatementRefused, Token, tokens_of

__all__ = ["Dialect", "Statement", "StatementRefused", "read", "split"]

#: Tables of ours in a plugin's database begin so; a plugin's SQL cannot name them.
OWN_PREFIX = "_plexichat_"
#: Longest statement, in characters.
MOST_CHARACTERS = 100_000
#: Statements up to this length are read once and kept: some 60 KiB each when made to be large.
KEPT_CHARACTERS = 1_000
KEPT_STATEMENTS = 512
_QUERIES = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "VALUES"})
_ONE_OF_THEM = {Dialect.SQLITE: {"REPLACE"}, Dialect.POSTGRESQL: {"TRUNCATE"}}
_THROUGH_METHODS = {
    "BEGIN": "a transaction begins by itself with the first statement",
    "START": "a transaction begins by itself with the first statement",
    "COMMIT": "call conn.commit()",
    "END": "call conn.commit()",
    "ABORT": "call conn.rollback()",
}
#: What changes tables themselves.
SCHEMA_VERBS = frozenset({"CREATE", "ALTER", "DROP"})
_TRIGGER = ["CREATE", "TRIGGER"]
_MODIFIERS = frozenset({"OR", "REPLACE", "UNIQUE"})
_OBJECTS = {
    Dialect.SQLITE: frozenset({"TABLE", "INDEX", "VIEW", "TRIGGER"}),
    Dialect.POSTGRESQL: frozenset({"TABLE", "INDEX", "VIEW", "SEQUENCE"}),
}
_EXPLAINED = _QUERIES | {"QUERY", "ANALYZE", "VERBOSE"}
_WRITES = frozenset({"INSERT", "UPDATE", "DELETE", "REPLACE", "MERGE", "TRUNCATE", "INTO"})
_BEFORE_TARGET = frozenset({"IF", "NOT", "EXISTS", "ONLY", "CONCURRENTLY"})


@dataclass(frozen=True)
class Statement:
    """One statement that a plugin may run, as far as its text tells."""

    #: The first word, upper case.
    keyword: str
    #: With the database's own placeholders (`?` or `$1`) and without comments.
    text: str
    #: Every identifier, quoted or not, as the database would compare it; keywords among them.
    names: frozenset[str]
    #: Each of them with what stands behind it: `("public", ".")`, `("set", "schema")`.
    followed: frozenset[tuple[str, str]]
    #: The name of each placeholder in order, empty names for `%s`.
    placeholders: tuple[str, ...]
    #: Whether it may change anything; when in doubt it may.
    is_write: bool
    #: What CREATE, ALTER and DROP work on, or an INSERT's, UPDATE's, DELETE's table; else empty.
    target: str
    #: The text after RETURNING, empty without it.
    returning: str

    def values(self, parameters: Any) -> Sequence[Any]:
        """Return the parameters in the placeholders' order; raise `StatementRefused`."""
        if isinstance(parameters, Mapping):
            return self._named(parameters)
        given = [] if parameters is None else parameters
        if any(self.placeholders):
            raise StatementRefused("the statement names its parameters; give a mapping of them")
        if len(given) != len(self.placeholders):
            raise StatementRefused(
                f"the statement has {len(self.placeholders)} placeholders, and "
                f"{len(given)} parameters were given"
            )
        return list(given)

    def _named(self, parameters: Mapping[str, Any]) -> list[Any]:
        if self.placeholders and not all(self.placeholders):
            raise StatementRefused("the statement has plain %s; give a sequence of parameters")
        missing = sorted({name for name in self.placeholders if name not in parameters})
        if missing:
            raise StatementRefused(f"no value was given for {', '.join(missing)}")
        return [parameters[name] for name in self.placeholders]


def read(sql: str, dialect: Dialect, has_parameters: bool) -> Statement:
    """Return the one statement in a text; raise `StatementRefused` with the reason.

    Without parameters a `%` is a `%`, as in other Python drivers; with them `%%` stands for one.
    """
    if len(sql) > KEPT_CHARACTERS:
        return _read(sql, dialect, has_parameters)
    return _read_once(sql, dialect, has_parameters)


def _read(sql: str, dialect: Dialect, has_parameters: bool) -> Statement:
    if len(sql) > MOST_CHARACTERS:
        raise StatementRefused(f"a statement may have {MOST_CHARACTERS} characters, not {len(sql)}")
    tokens = tokens_of(sql, dialect, has_parameters=has_parameters)
    tokens = _without_end(tokens, dialect)
    words = [token for token in tokens if token.kind is not Kind.SPACE]
    if not words:
        raise StatementRefused("there is no statement in the text")
    _check_kind(words, dialect)
    names = frozenset(token.name for token in words if token.name)
    _check_names(names)
    placeholders = tuple(token.text for token in words if token.kind is Kind.PLACEHOLDER)
    if any(placeholders) and not all(placeholders):
        raise StatementRefused("%s and %(name)s cannot be used in one statement")
    return Statement(
        keyword=words[0].word,
        text=_text(tokens, dialect),
        names=names,
        followed=frozenset(
            (token.name, after.name or after.text) for token, after in pairwise(words) if token.name
        ),
        placeholders=placeholders,
        is_write=_is_write(words),
        target=_target(words),
        returning=_returning(tokens, dialect),
    )


_read_once = lru_cache(maxsize=KEPT_STATEMENTS)(_read)


def split(script: str, dialect: Dialect) -> list[tuple[int, str]]:
    """Return each statement of a script with the line it begins on; raise `StatementRefused`."""
    found: list[tuple[int, str]] = []
    part: list[Token] = []
    trigger = _Trigger()
    for token in tokens_of(script, dialect, has_parameters=False):
        if token.text == ";" and token.kind is Kind.OTHER and not trigger.is_open:
            _keep(found, part)
            part, trigger = [], _Trigger()
        else:
            part.append(token)
            trigger.read(token)
    _keep(found, part)
    return found


def _keep(found: list[tuple[int, str]], part: list[Token]) -> None:
    shown = list(dropwhile(lambda token: token.kind is Kind.SPACE, part))
    if shown:
        found.append((shown[0].line, "".join(token.text for token in shown).rstrip()))


class _Trigger:
    """Whether a `;` belongs to the body of a trigger, known token by token.

    Looking back from each `;` would take minutes for a body of nothing else.
    """

    def __init__(self) -> None:
        self._first: list[str] = []
        self._has_begun = False
        self._depth = 0

    def read(self, token: Token) -> None:
        """Take the next token into account."""
        word = token.word
        if not word:
            return
        if len(self._first) < len(_TRIGGER):
            self._first.append(word)
        self._has_begun = self._has_begun or word == "BEGIN"
        self._depth += (word in ("BEGIN", "CASE")) - (word == "END")

    @property
    def is_open(self) -> bool:
        """Whether a `;` that came next would not end the statement."""
        return self._first == _TRIGGER and (self._depth > 0 or not self._has_begun)


def _without_end(tokens: list[Token], dialect: Dialect) -> list[Token]:
    """Return the tokens without a closing `;`; refuse what stands behind one."""
    trigger = _Trigger()
    for at, token in enumerate(tokens):
        is_end = token.text == ";" and token.kind is Kind.OTHER
        if not is_end or (dialect is Dialect.SQLITE and trigger.is_open):
            trigger.read(token)
            continue
        rest = [later for later in tokens[at:] if later.kind is not Kind.SPACE]
        if any(later.text != ";" for later in rest):
            raise StatementRefused("one statement at a time; execute each on its own")
        return tokens[:at]
    return tokens


def _check_kind(words: Sequence[Token], dialect: Dialect) -> None:
    first = words[0].word
    second = words[1].word if len(words) > 1 else ""
    if first in _THROUGH_METHODS or (first == "ROLLBACK" and not _goes_to_savepoint(words)):
        why = _THROUGH_METHODS.get(first, "call conn.rollback()")
        raise StatementRefused(f"{first} is not for plugins' SQL: {why}")
    if first in SCHEMA_VERBS:
        _check_object(words, dialect)
    elif first == "EXPLAIN" and dialect is Dialect.POSTGRESQL:
        # Not on SQLite: there it shows how the chat's views are made.
        if second not in _EXPLAINED:
            raise StatementRefused("EXPLAIN works on SELECT, INSERT, UPDATE and DELETE")
    elif first not in _QUERIES | _ONE_OF_THEM[dialect] | {"SAVEPOINT", "RELEASE", "ROLLBACK"}:
        raise StatementRefused(
            f"{first or words[0].text!r} is not for plugins; they use SELECT, INSERT, UPDATE, "
            "DELETE, WITH, VALUES, CREATE, ALTER, DROP and SAVEPOINT"
        )


def _goes_to_savepoint(words: Sequence[Token]) -> bool:
    after = [token.word for token in words[1:3]]
    return "TO" in after


def _check_object(words: Sequence[Token], dialect: Dialect) -> None:
    kinds = [token.word for token in words[1:5] if token.word not in _MODIFIERS]
    kind = kinds[0] if kinds else ""
    if kind not in _OBJECTS[dialect]:
        allowed = ", ".join(sorted(_OBJECTS[dialect]))
        raise StatementRefused(
            f"{words[0].word} {kind or '…'} is not for plugins; they may have: {allowed}"
        )


def _check_names(names: frozenset[str]) -> None:
    ours = sorted(name for name in names if name.casefold().startswith(OWN_PREFIX))
    if ours:
        raise StatementRefused(f"names that begin with {OWN_PREFIX} are the host's: {ours[0]}")


def _text(tokens: Sequence[Token], dialect: Dialect) -> str:
    parts, number = [], 0
    for token in tokens:
        if token.kind is Kind.PLACEHOLDER:
            number += 1
            parts.append("?" if dialect is Dialect.SQLITE else f"${number}")
        else:
            parts.append(token.text)
    return "".join(parts).strip()


def _is_write(words: Sequence[Token]) -> bool:
    if words[0].word in {"SELECT", "WITH", "VALUES", "EXPLAIN"}:
        return any(token.word in _WRITES for token in words)
    return words[0].word not in {"SAVEPOINT", "RELEASE", "ROLLBACK"}


def _target(words: Sequence[Token]) -> str:
    """Return the name of the object or table that a statement changes, without its schema."""
    at = _target_at(words)
    while at < len(words) and words[at].word in _BEFORE_TARGET:
        at += 1
    while at + 2 < len(words) and words[at + 1].text == ".":
        at += 2
    return words[at].name if 0 < at < len(words) else ""


def _target_at(words: Sequence[Token]) -> int:
    first = words[0].word
    if first in SCHEMA_VERBS:
        return next(
            (at + 1 for at in range(1, len(words)) if words[at].word not in _MODIFIERS), len(words)
        )
    depth = 0
    for at, token in enumerate(words):
        depth += (token.text == "(") - (token.text == ")")
        if depth == 0 and token.word in ("INTO", "UPDATE"):
            return at + 1
        if depth == 0 and token.word == "DELETE":
            return at + 2  # DELETE FROM
    return len(words)


def _returning(tokens: Sequence[Token], dialect: Dialect) -> str:
    depth = 0
    for at, token in enumerate(tokens):
        depth += (token.text == "(") - (token.text == ")")
        if depth == 0 and token.word == "RETURNING":
            return _text(tokens[at + 1 :], dialect)
    return ""
