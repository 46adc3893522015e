"""Which capabilities the code seems to need, held against those the manifest asks for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from plugins_registry import capabilities
from plugins_registry.capabilities import MESSAGE_SEND
from plugins_registry.manifest import Manifest
from plugins_registry.scanning.findings import MANIFEST_FILE, Code, Finding, Severity
from plugins_registry.scanning.imports import Imported
from plugins_registry.scanning.names import SDK
from plugins_registry.scanning.reading import Facts, Text
from plugins_registry.scanning.statements import VIEW_CAPABILITIES, addresses_of, tables_of

_SENDING = frozenset({f"{SDK}.send_message", f"{SDK}.messaging.send_message"})
_CONNECTING = frozenset({f"{SDK}.database.get_db_connection"})
#: Modules with which one reaches hosts.
_NETWORK_MODULES = frozenset(
    {
        *("aiohttp", "asyncio", "ftplib", "http", "httpx", "imaplib", "poplib", "requests"),
        *("smtplib", "socket", "ssl", "urllib", "urllib3", "websocket", "websockets", "xmlrpc"),
    }
)


@dataclass(frozen=True, kw_only=True)
class Need:
    """One place that seems to need a capability."""

    capability: str
    #: What it does there, after "it".
    deed: str
    file: str
    line: int


@dataclass(kw_only=True)
class Needs:
    """What a package's code touches outside of itself."""

    found: list[Need] = field(default_factory=list)
    tables: set[str] = field(default_factory=set)
    views: set[str] = field(default_factory=set)
    hosts: set[str] = field(default_factory=set)
    findings: list[Finding] = field(default_factory=list)
    #: Whether hosts may be named by what is computed or configured.
    can_reach: bool = False
    #: Whether statements may be put together from parts.
    can_query: bool = False

    @property
    def capabilities(self) -> list[str]:
        """What it seems to need, each once."""
        return sorted({need.capability for need in self.found})


def needs_of(files: Iterable[Facts], imported: Imported) -> Needs:
    """Gather them from all files."""
    needs = Needs(can_reach=bool(imported.all & _NETWORK_MODULES or imported.declared))
    for facts in files:
        path = facts.source.path
        needs.can_query = needs.can_query or facts.has(*_CONNECTING)
        needs.found += [
            Need(capability=MESSAGE_SEND, deed="calls send_message", file=path, line=each.line)
            for each in facts.references
            if each.name in _SENDING
        ]
        for text in facts.texts:
            _add_tables(needs, path, text)
            _add_hosts(needs, path, text)
    return needs


def add_migration(needs: Needs, path: str, text: str) -> None:
    """Add the tables of an SQL file; its statements stand one after the other."""
    line = 1
    for statement in text.split(";"):
        begin = line + len(statement) - len(statement.lstrip())
        _add_tables(needs, path, Text(value=statement, line=min(begin, line)))
        line += statement.count("\n")


def capability_findings(needs: Needs, manifest: Manifest) -> Iterator[Finding]:
    """What is needed and not asked for, and the other way round."""
    asked = manifest.capabilities
    for need in needs.found:
        if not _is_asked(need.capability, asked):
            yield _missing(need, certain=needs.can_reach or need.capability in _known())
    for name in asked:
        if not _seems_used(name, needs):
            message = f"it asks for {name}, and nothing in its code seems to need that"
            yield Finding(
                severity=Severity.NOTE,
                code=Code.CAPABILITY,
                message=message,
                file=MANIFEST_FILE,
            )


def _add_tables(needs: Needs, path: str, text: Text) -> None:
    tables = tables_of(text.value)
    for view in sorted(tables.all & VIEW_CAPABILITIES.keys()):
        needs.views.add(view)
        needs.found.append(
            Need(
                capability=VIEW_CAPABILITIES[view],
                deed=f"reads the chat's {view!r}",
                file=path,
                line=text.line,
            )
        )
    for view in sorted(tables.written & VIEW_CAPABILITIES.keys()):
        needs.findings.append(
            Finding(
                severity=Severity.DOUBT,
                code=Code.VIEW,
                message=f"it writes to {view!r}, which is the chat's and can only be read; the "
                f"statement will be refused",
                file=path,
                line=text.line,
            )
        )
    needs.tables |= tables.all - VIEW_CAPABILITIES.keys()


def _add_hosts(needs: Needs, path: str, text: Text) -> None:
    for host, port in addresses_of(text.value):
        needs.hosts.add(host)
        where = f"[{host}]" if ":" in host else host
        name = f"network:{where}" if port in capabilities.WEB_PORTS else f"network:{where}:{port}"
        deed = f"names the host {host!r}"
        needs.found.append(Need(capability=name, deed=deed, file=path, line=text.line))


def _is_asked(needed: str, asked: Iterable[str]) -> bool:
    if not capabilities.is_network(needed):
        return needed in asked
    try:
        target = capabilities.parse_network(needed)
    except capabilities.BadNetwork:
        return True  # no host that could be reached
    granted = (capabilities.parse_network(name) for name in asked if capabilities.is_network(name))
    ports = target.ports if target.port else capabilities.WEB_PORTS[:1]
    return any(each.covers(target.host, ports[0]) for each in granted)


def _missing(need: Need, *, certain: bool) -> Finding:
    return Finding(
        severity=Severity.DOUBT if certain else Severity.NOTE,
        code=Code.CAPABILITY,
        message=f"it {need.deed}, and the manifest does not ask for {need.capability}; without "
        f"it that will be refused",
        file=need.file,
        line=need.line,
    )


def _seems_used(name: str, needs: Needs) -> bool:
    """Labels are the author's own, and what is computed cannot be seen."""
    if capabilities.is_network(name):
        return needs.can_reach
    if name == MESSAGE_SEND:
        return MESSAGE_SEND in needs.capabilities
    if name in VIEW_CAPABILITIES.values():
        return name in needs.capabilities or needs.can_query
    return True


def _known() -> frozenset[str]:
    return frozenset(capability.name for capability in capabilities.CATALOGUE)
