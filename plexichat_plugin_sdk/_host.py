"""The binding: how the SDK's functions reach the host of this process.

One per process. The runner binds it before any plugin code is imported; a test's mock may bind
itself. Without a binding every question raises a clear error, so that importing and trying out
a plugin's class needs no host.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from .exceptions import OutsideHost


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who this process is, as the manifest says; the host decides it, never the plugin."""

    #: The plugin's name.
    plugin: str
    #: The version of the running release.
    version: str = "0.0.0"
    #: One sentence for people.
    description: str = ""
    #: The manifest's `metadata` mapping.
    metadata: Mapping[str, Any] = field(default_factory=dict)


class Line(Protocol):
    """A line to the host that one thing has for itself: what the host keeps for it ends with it."""

    @property
    def is_open(self) -> bool:
        """Whether it still leads to the host."""

    def ask(self, what: str, arguments: dict[str, Any]) -> Any:
        """Return the answer to a question, or raise the fitting `PluginError`."""

    def give_back(self) -> None:
        """Return it to be used again; the host must keep nothing for it any more."""

    def drop(self) -> None:
        """Close it; the host ends whatever it kept for it."""


class Host(Protocol):
    """What a binding must offer."""

    @property
    def identity(self) -> Identity:
        """Who the plugin is."""

    @property
    def config(self) -> dict[str, Any]:
        """The effective configuration: the manifest's settings under the stored values."""

    def ask(self, what: str, arguments: dict[str, Any]) -> Any:
        """Return the answer to a question, or raise the fitting `PluginError`."""

    def borrow(self) -> Line:
        """Return a line of one's own; raise `LimitReached` when none comes free in time."""

    def ask_for_descriptor(self, what: str, arguments: dict[str, Any]) -> tuple[Any, int]:
        """Return an answer and the file descriptor that came with it; the caller owns it."""

    def tell(self, what: str, arguments: dict[str, Any]) -> None:
        """Pass on a fact that needs no answer; never waits for long, never raises."""


_bound: Host | None = None


def bind(host: Host | None) -> None:
    """Make this the process's host; `None` takes the binding away."""
    global _bound
    _bound = host


def current() -> Host | None:
    """Return the process's host, or `None` outside of one."""
    return _bound


def ask(what: str, **arguments: Any) -> Any:
    """Ask the host; raise `OutsideHost` without one, else what the host's refusal maps to."""
    return required(what).ask(what, arguments)


def required(what: str) -> Host:
    """Return the process's host for a question; raise `OutsideHost` without one."""
    if _bound is None:
        raise OutsideHost(
            f"{what!r} was asked outside a plugin host: only the server that runs the plugin "
            "can answer it; call it from a handler or from on_load"
        )
    return _bound


def tell(what: str, **arguments: Any) -> None:
    """Tell the host a fact; outside of a host nobody listens, which is no error for a fact."""
    if _bound is not None:
        _bound.tell(what, arguments)
