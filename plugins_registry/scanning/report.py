"""What a scan of a release found: kept with it, shown at review, compared between releases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from plugins_registry.scanning.findings import Finding, Severity

#: A release may be made of findings; what is kept and shown of it is not.
FINDINGS = 200
#: Facts of one kind.
FACTS = 200
_CHARACTERS = 200
_LISTS = (
    *("hooks", "endpoints", "sockets", "permissions", "jobs"),
    *("standard_modules", "packages", "unknown_modules"),
    *("tables", "views", "hosts", "needs"),
)


@dataclass(frozen=True, kw_only=True)
class Report:
    """What the code says, as far as it can be read without running it."""

    #: What its decorators declare; endpoints as `GET /api/v1/…`.
    hooks: tuple[str, ...] = ()
    endpoints: tuple[str, ...] = ()
    sockets: tuple[str, ...] = ()
    permissions: tuple[str, ...] = ()
    jobs: tuple[str, ...] = ()
    #: Top-level modules: Python's own, those of declared packages, those nobody declared.
    standard_modules: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    unknown_modules: tuple[str, ...] = ()
    #: Its own tables, and the chat's views.
    tables: tuple[str, ...] = ()
    views: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    #: The capabilities that it seems to need.
    needs: tuple[str, ...] = ()
    #: The gravest first.
    findings: tuple[Finding, ...] = ()
    #: Findings beyond those that are kept.
    omitted: int = 0

    @property
    def contradictions(self) -> tuple[str, ...]:
        """Why it is not installed, one sentence each."""
        grave = Severity.CONTRADICTION
        return tuple(str(each) for each in self.findings if each.severity is grave)

    def to_json(self) -> dict[str, Any]:
        """For the release's column."""
        lists = {name: list(getattr(self, name)) for name in _LISTS}
        findings = [finding.to_json() for finding in self.findings]
        return {**lists, "findings": findings, "omitted": self.omitted}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """From the release's column."""
        lists: dict[str, Any] = {name: tuple(stored.get(name, ())) for name in _LISTS}
        findings = tuple(map(Finding.from_json, stored.get("findings", ())))
        return cls(**lists, findings=findings, omitted=stored.get("omitted", 0))


def bounded(values: Sequence[str]) -> tuple[str, ...]:
    """Each once, in order, short, and not too many; what a database can hold."""
    texts = sorted({_stored(value) for value in values})
    return tuple(texts[:FACTS])


def bounded_finding(finding: Finding) -> Finding:
    """A finding that quotes no more of a hostile file than anybody reads."""
    return replace(finding, message=_stored(finding.message, 2 * _CHARACTERS))


def _stored(text: str, characters: int = _CHARACTERS) -> str:
    # PostgreSQL takes neither NUL nor halves of pairs.
    plain = text.replace("\0", "").encode("utf-8", "replace").decode()
    return plain if len(plain) <= characters else f"{plain[: characters - 1]}…"
