"""The manifest as a record: what the rest of the server works with and what is stored."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

DEFAULT_CPU_MILLICORES = 500
DEFAULT_MEMORY_BYTES = 256 * 1024**2


class Limits(BaseModel):
    """What a sandbox may use at most, before the host's own ceilings."""

    model_config = ConfigDict(frozen=True)

    #: Thousandths of a core.
    cpu_millicores: int = DEFAULT_CPU_MILLICORES
    memory_bytes: int = DEFAULT_MEMORY_BYTES


class Requests(BaseModel):
    """What a sandbox usually uses, as its author says; None where nothing is said."""

    model_config = ConfigDict(frozen=True)

    #: Thousandths of a core.
    cpu_millicores: int | None = None
    memory_bytes: int | None = None


class Manifest(BaseModel):
    """One release's declarations, checked, aliases resolved."""

    model_config = ConfigDict(frozen=True)

    name: str
    #: PEP 440, as written.
    version: str
    author: str = ""
    description: str = ""
    #: `module:Class`; empty means "the one most derived Plugin class".
    entry_point: str = ""

    category: str = ""
    tags: tuple[str, ...] = ()
    license: str = ""
    #: An http(s) address or nothing.
    homepage: str = ""
    #: The `metadata` mapping as written.
    metadata: dict[str, Any] = {}

    #: Version specifiers of the server and the interpreter; empty means any.
    core: str = ""
    python: str = ""
    #: Requirements: Python packages and other plugins.
    packages: tuple[str, ...] = ()
    plugins: tuple[str, ...] = ()

    required_capabilities: tuple[str, ...] = ()
    optional_capabilities: tuple[str, ...] = ()
    #: User permissions beyond those that the code's `@require_permission` names.
    user_permissions: tuple[str, ...] = ()

    limits: Limits = Limits()
    requests: Requests = Requests()
    #: Aliases resolved; empty means "what the code handles".
    hooks: tuple[str, ...] = ()
    #: Path templates; None means "what the code declares".
    endpoints: tuple[str, ...] | None = None
    #: Default configuration; the types of its values are the types an admin must keep to.
    settings: dict[str, Any] = {}
    settings_schema: dict[str, Any] = {}

    @property
    def capabilities(self) -> tuple[str, ...]:
        """All that it asks for, required first."""
        return tuple(dict.fromkeys((*self.required_capabilities, *self.optional_capabilities)))
