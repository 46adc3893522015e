"""The manifest's sections as they are written, each value checked where it stands.

Pydantic gathers every problem with its path; `reading` turns them into sentences.
"""

from __future__ import annotations

import platform
import re
from typing import Annotated, Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

from plugins_registry import capabilities
from plugins_registry.claims import BadTemplate, clashes_with_core, parse_template
from plugins_registry.manifest import hooks, names, quantities
from plugins_registry.manifest.record import DEFAULT_CPU_MILLICORES, DEFAULT_MEMORY_BYTES

#: The version of the plugin API that this server speaks: what `dependencies.core` is held against.
CORE_VERSION = "2.0.0"
#: Below this Python itself does not start.
MEMORY_BYTES_MINIMUM = 16 * 1024**2
_HOMEPAGE = re.compile(r"https?://[^\s\"'<>]{1,300}")


def _check_name(name: str) -> str:
    if refusal := names.refuse_plugin_name(name):
        raise ValueError(refusal)
    return name


def _check_version(version: str) -> str:
    try:
        Version(version)
    except InvalidVersion as error:
        raise ValueError(f"{version!r} is not a version; write it like '1.4.0'") from error
    if len(version) > 64 or version != version.strip():
        raise ValueError(f"{version!r} is not a plain version; write it like '1.4.0'")
    return version


def _check_entry_point(text: str) -> str:
    if text and not names.is_entry_point(text):
        raise ValueError(f"{text!r} is not an entry point; write it like 'module:Class'")
    return text


def _check_homepage(text: str) -> str:
    if text and not _HOMEPAGE.fullmatch(text):
        raise ValueError(f"{text!r} is not a web address; begin it with https://")
    return text


def _check_specifier(text: str) -> str:
    try:
        SpecifierSet(text)
    except InvalidSpecifier as error:
        raise ValueError(f"{text!r} is not a version range; write it like '>=2.0.0'") from error
    return text


def _check_core(text: str) -> str:
    return _check_range(text, "this server", CORE_VERSION)


def _check_python(text: str) -> str:
    return _check_range(text, "this server's Python", platform.python_version())


def _check_range(text: str, what: str, version: str) -> str:
    # Without prereleases=False a range would also welcome the next version's betas.
    if not SpecifierSet(_check_specifier(text)).contains(version, prereleases=False):
        raise ValueError(
            f"{what} is {version}, the plugin needs {text!r}; use a release made for it"
        )
    return text


def _check_requirement(text: str) -> str:
    try:
        requirement = Requirement(text)
    except InvalidRequirement as error:
        raise ValueError(f"{text!r} is not a requirement; write it like 'numpy>=1.21'") from error
    if requirement.url:
        raise ValueError(f"{text!r} names an address; name a package and a version range")
    return text


def _check_capability(name: str) -> str:
    if not names.is_capability(name):
        raise ValueError(
            f"{name!r} is not a capability; write it like 'user_data_read' or "
            f"'network:api.example.com'"
        )
    if refusal := capabilities.refuse(name):
        raise ValueError(refusal)
    return name


def _check_permission(label: str) -> str:
    if refusal := names.refuse_permission(label):
        raise ValueError(refusal)
    return label


def _check_hook(name: str) -> str:
    if not hooks.is_hook_name(name):
        raise ValueError(f"{name!r} is not a hook's name; write it like 'message_sent'")
    return hooks.resolve(name)


def _check_endpoint(path: str) -> str:
    try:
        parse_template(path)
    except BadTemplate as error:
        raise ValueError(str(error)) from error
    if core := clashes_with_core(path):
        raise ValueError(f"{path!r} would cover the server's own {core!r}; choose another path")
    return path


Line = Annotated[str, Field(max_length=200)]
Requirements = list[Annotated[str, Field(max_length=300), AfterValidator(_check_requirement)]]
Capabilities = list[Annotated[str, AfterValidator(_check_capability)]]


class _Section(BaseModel):
    #: Unknown keys are kept aside in `model_extra`: they become warnings.
    model_config = ConfigDict(extra="allow")


class PluginSection(_Section):
    """`plugin:`, the only section that must be there."""

    name: Annotated[str, AfterValidator(_check_name)]
    version: Annotated[str, AfterValidator(_check_version)]
    author: Line = ""
    description: Annotated[str, Field(max_length=2000)] = ""
    entry_point: Annotated[str, AfterValidator(_check_entry_point)] = ""


class MetadataSection(_Section):
    """`metadata:`, for the catalogue; further keys are the author's own."""

    category: Line = ""
    tags: list[Line] = Field(default=[], max_length=32)
    license: Line = ""
    homepage: Annotated[str, AfterValidator(_check_homepage)] = ""


class DependenciesSection(_Section):
    """`dependencies:`, what must be there besides."""

    core: Annotated[str, AfterValidator(_check_core)] = ""
    python: Annotated[str, AfterValidator(_check_python)] = ""
    packages: Requirements = Field(default=[], max_length=100)
    plugins: Requirements = Field(default=[], max_length=100)


class PermissionsSection(_Section):
    """`permissions:`, capabilities of the plugin and extra permissions of users."""

    required: Capabilities = Field(default=[], max_length=100)
    optional: Capabilities = Field(default=[], max_length=100)
    users: list[Annotated[str, AfterValidator(_check_permission)]] = Field(
        default=[], max_length=200
    )


class QuantitiesSection(_Section):
    """`limits:` or `requests:`, read into numbers."""

    cpu: int = DEFAULT_CPU_MILLICORES
    memory: int = DEFAULT_MEMORY_BYTES

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


class ResourcesSection(_Section):
    """`resources:`, of which the limits are enforced."""

    limits: QuantitiesSection = QuantitiesSection()
    requests: QuantitiesSection = QuantitiesSection()


class Sections(_Section):
    """The whole of `plugin.yaml`."""

    plugin: PluginSection
    metadata: MetadataSection = MetadataSection()
    dependencies: DependenciesSection = DependenciesSection()
    permissions: PermissionsSection = PermissionsSection()
    resources: ResourcesSection = ResourcesSection()
    hooks: list[Annotated[str, AfterValidator(_check_hook)]] = Field(default=[], max_length=200)
    endpoints: list[Annotated[str, AfterValidator(_check_endpoint)]] | None = Field(
        default=None, max_length=200
    )
    settings: dict[str, Any] = {}
    settings_schema: dict[str, Any] = {}


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"expected text like '500m' or '256Mi', got {type(value).__name__}")
    return value
