"""Cutting SQL into tokens: strings, names, comments and placeholders, as each database does.

Where the two differ (nested comments, dollar quotes, brackets) each is read its own way, because
a text that the database reads otherwise than we do would slip past what we look for.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass


class Dialect(enum.Enum):
    """Whose SQL."""

    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"


class StatementRefused(Exception):
    """The text is no statement that a plugin may run; says why."""


class Kind(enum.Enum):
    """What a token is."""

    #: White space; a comment is one blank (with its line ends, so that lines count).
    SPACE = "space"
    #: A keyword or a plain name.
    WORD = "word"
    #: A quoted name.
    QUOTED = "quoted"
    STRING = "string"
    NUMBER = "number"
    #: `%s` (empty text) or `%(name)s` (the name).
    PLACEHOLDER = "placeholder"
    OTHER = "other"


@dataclass(frozen=True)
class Token:
    """One token."""

    kind: Kind
    text: str
    #: Counted from 1.
    line: int

    @property
    def word(self) -> str:
        """A plain word in upper case, else empty."""
        return self.text.upper() if self.kind is Kind.WORD else ""

    @property
    def name(self) -> str:
        """What the token names, folded as the database compares it; empty for the rest."""
        if self.kind is Kind.WORD:
            return self.text.lower()
        if self.kind is Kind.QUOTED:
            quote = self.text[-1]
            return self.text[1:-1].replace(quote * 2, quote)
        return ""


_SPACE = re.compile(r"[ \t\r\n\f\v]+")
# To both databases every character beyond ASCII belongs to a name, be it a dash or a digit: what
# Python thinks of it would let `—$$` begin a text here that begins none there.
_BEYOND = "\x80-\U0010ffff"
_WORD = re.compile(rf"[A-Za-z_{_BEYOND}][A-Za-z0-9_${_BEYOND}]*")
_NUMBER = re.compile(r"0[xX][0-9A-Fa-f_]+|(\d[\d_]*\.?[\d_]*|\.\d[\d_]*)([eE][+-]?\d+)?", re.ASCII)
_DOLLAR = re.compile(rf"\$([A-Za-z_{_BEYOND}][A-Za-z0-9_{_BEYOND}]*)?\$")
# Atomic, so that a text of a thousand comments is not tried in a thousand ways.
_STRING_AGAIN = re.compile(r"(?>\s+|--[^\n]*|/\*(?>.*?\*/))*+'", re.DOTALL)
_PLACEHOLDER = re.compile(r"%(?:\(([^()%]{1,100})\))?s(?!\w)")
_HOST_VARIABLE = re.compile(r"\?|[:@#$]\w")
_UNICODE = re.compile(r"&['\"]")
_NUMBERED = re.compile(r"\$\d")
_LINE_COMMENT = re.compile(r"--[^\n]*")


def tokens_of(
    sql: str, dialect: Dialect, *, has_parameters: bool, is_native: bool = False
) -> list[Token]:
    """Return the tokens, joined they are the text without comments; raise `StatementRefused`.

    A native text is one that was read before: SQLite's own `?` stands in it for the placeholders.
    """
    if "\0" in sql:
        raise StatementRefused("a statement cannot hold a NUL character")
    return _Lexer(sql, dialect, has_parameters=has_parameters, is_native=is_native).run()


class _Lexer:
    def __init__(
        self, sql: str, dialect: Dialect, *, has_parameters: bool, is_native: bool
    ) -> None:
        self._sql = sql
        self._is_sqlite = dialect is Dialect.SQLITE
        self._has_parameters = has_parameters
        self._is_native = is_native
        self._at = 0
        self._line = 1
        self._tokens: list[Token] = []

    def run(self) -> list[Token]:
        while self._at < len(self._sql):
            self._next()
        return self._tokens

    def _next(self) -> None:
        here = self._sql[self._at]
        if here.isspace() or self._sql.startswith(("--", "/*"), self._at):
            self._space()
        elif here == "'":
            self._quoted(Kind.STRING, "'")
        elif here == '"' or (self._is_sqlite and here == "`"):
            self._quoted(Kind.QUOTED, here)
        elif self._is_sqlite and here == "[":
            self._bracketed()
        elif here == "$" and not self._is_sqlite and self._dollar_quoted():
            pass
        elif here == "%" and self._has_parameters:
            self._percent()
        elif self._matched(Kind.NUMBER, _NUMBER):
            pass
        elif found := _WORD.match(self._sql, self._at):
            self._word(found.group())
        else:
            self._other()

    def _keep(self, kind: Kind, end: int, text: str | None = None) -> None:
        raw = self._sql[self._at : end]
        self._tokens.append(Token(kind, raw if text is None else text, self._line))
        self._line += raw.count("\n")
        self._at = end

    def _matched(self, kind: Kind, pattern: re.Pattern[str]) -> bool:
        found = pattern.match(self._sql, self._at)
        if found:
            self._keep(kind, found.end())
        return found is not None

    def _space(self) -> None:
        if self._matched(Kind.SPACE, _SPACE):
            return
        if found := _LINE_COMMENT.match(self._sql, self._at):
            self._keep(Kind.SPACE, found.end(), " ")
        elif self._sql.startswith("/*", self._at):
            end = self._end_of_comment()
            lines = self._sql.count("\n", self._at, end)
            self._keep(Kind.SPACE, end, " " + "\n" * lines)
        else:
            raise StatementRefused(
                f"line {self._line}: the blank {self._sql[self._at]!r} is none in SQL"
            )

    def _end_of_comment(self) -> int:
        """PostgreSQL's comments nest, SQLite's do not; one that would be read two ways is out."""
        end = self._sql.find("*/", self._at + 2)
        if end < 0:
            raise StatementRefused(f"line {self._line}: the comment does not end")
        if "/*" in self._sql[self._at + 2 : end]:
            raise StatementRefused(f"line {self._line}: a comment within a comment")
        return end + 2

    def _quoted(self, kind: Kind, quote: str) -> None:
        start, at = self._at, self._at + 1
        while True:
            at = self._sql.find(quote, at)
            if at < 0:
                raise StatementRefused(f"line {self._line}: a {quote} without its end")
            if not self._sql.startswith(quote, at + 1):
                break
            at += 2
        self._keep(kind, at + 1, self._without_doubled_percent(self._sql[start : at + 1]))

    def _without_doubled_percent(self, text: str) -> str:
        return text.replace("%%", "%") if self._has_parameters else text

    def _bracketed(self) -> None:
        end = self._sql.find("]", self._at)
        if end < 0:
            raise StatementRefused(f"line {self._line}: a [ without its end")
        self._keep(Kind.QUOTED, end + 1)

    def _dollar_quoted(self) -> bool:
        found = _DOLLAR.match(self._sql, self._at)
        if not found:
            return False
        end = self._sql.find(found.group(), found.end())
        if end < 0:
            raise StatementRefused(f"line {self._line}: {found.group()} without its end")
        self._keep(Kind.STRING, end + len(found.group()))
        return True

    def _percent(self) -> None:
        if found := _PLACEHOLDER.match(self._sql, self._at):
            self._keep(Kind.PLACEHOLDER, found.end(), found.group(1) or "")
        elif self._sql.startswith("%%", self._at):
            self._keep(Kind.OTHER, self._at + 2, "%")
        else:
            raise StatementRefused(
                f"line {self._line}: a placeholder is %s or %(name)s; write %% for a percent sign"
            )

    def _word(self, word: str) -> None:
        """A name, or what stands before a string and changes how it is read."""
        end = self._at + len(word)
        follows = self._sql[end : end + 1]
        if not self._is_sqlite and word.upper() == "U" and _UNICODE.match(self._sql, end):
            raise StatementRefused(f"line {self._line}: U& texts and names are not for plugins")
        if not self._is_sqlite and word.upper() == "E" and follows == "'":
            self._escaped_string(end)
        else:
            self._keep(Kind.WORD, end)

    def _escaped_string(self, quote_at: int) -> None:
        found = re.compile(r"'(?:[^'\\]|\\.|'')*'", re.DOTALL).match(self._sql, quote_at)
        if not found:
            raise StatementRefused(f"line {self._line}: a ' without its end")
        if _STRING_AGAIN.match(self._sql, found.end()):
            # PostgreSQL goes on in it with backslashes; we would read on without them.
            raise StatementRefused(f"line {self._line}: an E'' text goes on in a second one")
        raw = self._sql[self._at : found.end()]
        self._keep(Kind.STRING, found.end(), self._without_doubled_percent(raw))

    def _other(self) -> None:
        if self._is_native and self._sql[self._at] == "?":
            self._keep(Kind.PLACEHOLDER, self._at + 1, "")
            return
        if self._is_sqlite and _HOST_VARIABLE.match(self._sql, self._at):
            raise StatementRefused(
                f"line {self._line}: {self._sql[self._at]!r} is no placeholder here; "
                "write %s or %(name)s"
            )
        if not self._is_sqlite and _NUMBERED.match(self._sql, self._at):
            raise StatementRefused(
                f"line {self._line}: $1 is no placeholder here; write %s or %(name)s"
            )
        self._keep(Kind.OTHER, self._at + 1)
