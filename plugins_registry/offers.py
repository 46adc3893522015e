"""What a loaded release offers: its description as a record. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from plugins_registry.manifest import hooks as hook_names

#: One mark as the supervisor hands it over: fields by name, or in order.
Mark = Mapping[str, Any] | Sequence[Any]


@dataclass(frozen=True, kw_only=True)
class HookOffer:
    """A hook that the plugin handles."""

    name: str
    #: What a filter's `None` means: `allow` or `block`.
    on_none: str = "allow"


@dataclass(frozen=True, kw_only=True)
class EndpointOffer:
    """A REST endpoint: a path template, its methods, the permissions that its users need."""

    path: str
    methods: tuple[str, ...]
    permissions: tuple[str, ...] = ()
    summary: str = ""


@dataclass(frozen=True, kw_only=True)
class SocketOffer:
    """A WebSocket endpoint."""

    path: str
    permissions: tuple[str, ...] = ()
    summary: str = ""


@dataclass(frozen=True, kw_only=True)
class Description:
    """Everything a release offered when it was loaded."""

    hooks: tuple[HookOffer, ...] = ()
    endpoints: tuple[EndpointOffer, ...] = ()
    sockets: tuple[SocketOffer, ...] = ()

    @classmethod
    def from_marks(
        cls, *, hooks: Iterable[Mark], endpoints: Iterable[Mark], sockets: Iterable[Mark]
    ) -> Self:
        """From what the loaded plugin said; aliases of hooks resolved."""
        return cls(
            hooks=tuple(_hook(_fields(mark, ("name", "on_none"))) for mark in hooks),
            endpoints=tuple(
                _endpoint(_fields(mark, ("path", "methods", "permissions", "summary")))
                for mark in endpoints
            ),
            sockets=tuple(
                _socket(_fields(mark, ("path", "permissions", "summary"))) for mark in sockets
            ),
        )

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """From the release's column."""
        return cls.from_marks(
            hooks=stored.get("hooks", ()),
            endpoints=stored.get("endpoints", ()),
            sockets=stored.get("sockets", ()),
        )

    def to_json(self) -> dict[str, Any]:
        """For the release's column: the same shape after a round trip through the database."""
        return {
            "hooks": [asdict(hook) for hook in self.hooks],
            "endpoints": [
                {
                    "path": offer.path,
                    "methods": list(offer.methods),
                    "permissions": list(offer.permissions),
                    "summary": offer.summary,
                }
                for offer in self.endpoints
            ],
            "sockets": [
                {**asdict(offer), "permissions": list(offer.permissions)} for offer in self.sockets
            ],
        }

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path template, each once."""
        endpoints = [offer.path for offer in self.endpoints]
        return tuple(dict.fromkeys([*endpoints, *(offer.path for offer in self.sockets)]))

    @property
    def permissions(self) -> frozenset[str]:
        """Every user permission that it names."""
        named = [offer.permissions for offer in self.endpoints]
        named += [offer.permissions for offer in self.sockets]
        return frozenset(label for labels in named for label in labels)


def _fields(mark: Mark, names: Sequence[str]) -> Mapping[str, Any]:
    if isinstance(mark, Mapping):
        return mark
    return dict(zip(names, mark, strict=False))


def _summary(fields: Mapping[str, Any]) -> str:
    # PostgreSQL refuses NUL, and a failing database would look like no fault of the plugin's.
    return str(fields.get("summary", ""))[:300].replace("\0", "")


def _hook(fields: Mapping[str, Any]) -> HookOffer:
    name = hook_names.resolve(str(fields["name"]))
    return HookOffer(name=name, on_none=str(fields.get("on_none", "allow")))


def _endpoint(fields: Mapping[str, Any]) -> EndpointOffer:
    return EndpointOffer(
        path=str(fields["path"]),
        methods=tuple(dict.fromkeys(str(method).upper() for method in fields["methods"])),
        permissions=tuple(map(str, fields.get("permissions", ()))),
        summary=_summary(fields),
    )


def _socket(fields: Mapping[str, Any]) -> SocketOffer:
    return SocketOffer(
        path=str(fields["path"]),
        permissions=tuple(map(str, fields.get("permissions", ()))),
        summary=_summary(fields),
    )
