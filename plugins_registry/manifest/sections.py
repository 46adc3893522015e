"""The manifest's sections as they are written, each value checked where it stands.

Pydantic gathers every problem with its path, and `reading` turns them into sentences; the
descriptions are what an editor shows beside a key (see `schema`).
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema, field_validator

from plugins_registry.manifest import checks, quantities
from plugins_registry.manifest.record import DEFAULT_CPU_MILLICORES, DEFAULT_MEMORY_BYTES

#: Below this Python itself does not start.
MEMORY_BYTES_MINIMUM = 16 * 1024**2

#: What YAML reads as a number and we as text: `version: 1.10`, `cpu: 2`.
_NUMBER_OR_TEXT: dict[str, Any] = {"type": ["string", "number"]}
_CPU = {**_NUMBER_OR_TEXT, "description": "Cores, like 500m, 0.5 or 2.", "default": "500m"}
_MEMORY = {**_NUMBER_OR_TEXT, "description": "Bytes, like 256Mi or 1Gi.", "default": "256Mi"}

Line = Annotated[str, Field(max_length=200)]
Range = Annotated[str, Field(max_length=200)]
Requirement = Annotated[str, Field(max_length=300)]
Package = Annotated[Requirement, AfterValidator(checks.check_package)]
Dependency = Annotated[Requirement, AfterValidator(checks.check_dependency)]
Capability = Annotated[str, AfterValidator(checks.check_capability)]
Permission = Annotated[str, AfterValidator(checks.check_permission)]
Hook = Annotated[str, AfterValidator(checks.check_hook)]
Endpoint = Annotated[str, AfterValidator(checks.check_endpoint)]
Version = Annotated[
    str,
    AfterValidator(checks.check_version),
    WithJsonSchema({**_NUMBER_OR_TEXT, "description": "The release, like 1.4.0 (PEP 440)."}),
]


def _is(text: str, **limits: Any) -> Any:
    """A field with the sentence that an editor shows."""
    return Field(description=text, **limits)


class _Section(BaseModel):
    #: Unknown keys are kept aside in `model_extra`: they become warnings.
    model_config = ConfigDict(extra="allow")


class PluginSection(_Section):
    """What it is called; the only section that must be there."""

    name: Annotated[str, AfterValidator(checks.check_name)] = _is(
        "2 to 64 lower-case letters, digits and underscores, beginning with a letter."
    )
    version: Version
    author: Line = _is("Who wrote it.", default="")
    description: Annotated[str, Field(max_length=2000)] = _is(
        "What it does, for whoever decides about it.", default=""
    )
    entry_point: Annotated[str, AfterValidator(checks.check_entry_point)] = _is(
        "The plugin's class as module:Class; the one Plugin class of plugin.py if not given.",
        default="",
    )


class MetadataSection(_Section):
    """For the catalogue; further keys are the author's own."""

    category: Line = _is("Like moderation or analytics.", default="")
    tags: list[Line] = _is("Words to find it by.", default=[], max_length=32)
    license: Line = _is("Like MIT.", default="")
    homepage: Annotated[str, AfterValidator(checks.check_homepage)] = _is(
        "A web address.", default=""
    )


class DependenciesSection(_Section):
    """What must be there besides."""

    core: Annotated[Range, AfterValidator(checks.check_core)] = _is(
        "Versions of the plugin API, like >=2.0.0.", default=""
    )
    python: Annotated[Range, AfterValidator(checks.check_python)] = _is(
        "Versions of Python, like >=3.8.", default=""
    )
    packages: list[Package] = _is(
        "Python packages, like numpy>=1.21; no options, paths or addresses.",
        default=[],
        max_length=100,
    )
    plugins: list[Dependency] = _is(
        "Other plugins, like word_filter>=1.0.", default=[], max_length=100
    )


class PermissionsSection(_Section):
    """What the plugin may ask of the host, and what users may do at it."""

    required: list[Capability] = _is(
        "Capabilities without which it does not start.", default=[], max_length=100
    )
    optional: list[Capability] = _is("Capabilities it can do without.", default=[], max_length=100)
    users: list[Permission] = _is(
        "User permissions beside those of @require_permission, like myplugin.read.",
        default=[],
        max_length=200,
    )


class QuantitiesSection(_Section):
    """Cores and memory, read into numbers."""

    cpu: Annotated[int | None, WithJsonSchema(_CPU)] = None
    memory: Annotated[int | None, WithJsonSchema(_MEMORY)] = None

    @field_validator("cpu", mode="before")
    @classmethod
    def read_cpu(cls, text: object) -> int:
        """Millicores."""
        return quantities.cpu_millicores(_text(text))

    @field_validator("memory", mode="before")
    @classmethod
    def read_memory(cls, text: object) -> int:
        """Bytes, enough for Python to start."""
        count = quantities.memory_bytes(_text(text))
        if count < MEMORY_BYTES_MINIMUM:
            least = quantities.written_memory(MEMORY_BYTES_MINIMUM)
            raise ValueError(f"{text!r} is too little to start Python; give at least {least!r}")
        return count

    @property
    def cpu_millicores(self) -> int:
        """What is given, or the default."""
        return DEFAULT_CPU_MILLICORES if self.cpu is None else self.cpu

    @property
    def memory_bytes(self) -> int:
        """What is given, or the default."""
        return DEFAULT_MEMORY_BYTES if self.memory is None else self.memory


class ResourcesSection(_Section):
    """What it uses."""

    limits: QuantitiesSection = _is("What it may use at most.", default=QuantitiesSection())
    requests: QuantitiesSection = _is(
        "What it usually uses; said to the admin, not enforced.", default=QuantitiesSection()
    )


class Sections(_Section):
    """What a plugin declares about itself: plugin.yaml."""

    plugin: PluginSection
    metadata: MetadataSection = MetadataSection()
    dependencies: DependenciesSection = DependenciesSection()
    permissions: PermissionsSection = PermissionsSection()
    resources: ResourcesSection = ResourcesSection()
    hooks: list[Hook] = _is(
        "The hooks it handles; what its code handles if not given.", default=[], max_length=200
    )
    endpoints: list[Endpoint] | None = _is(
        "The paths it answers, below /api/ and /ws/; what its code declares if not given.",
        default=None,
        max_length=200,
    )
    settings: dict[str, Any] = _is("The default configuration.", default={})
    settings_schema: dict[str, Any] = _is("JSON Schema of the configuration.", default={})


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"expected text like '500m' or '256Mi', got {type(value).__name__}")
    return value
