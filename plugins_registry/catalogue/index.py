"""A catalogue's index and block list as records. Signed, and nevertheless read with bounds."""

from __future__ import annotations

from typing import Annotated, Literal

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

#: The targets' paths in a catalogue.
INDEX, BLOCKS = "index.json", "blocks.json"
#: Larger ones are not fetched.
INDEX_BYTES, BLOCKS_BYTES = 8 * 1024**2, 2 * 1024**2
_TARGET = r"^packages/[A-Za-z0-9_-]{1,64}/[A-Za-z0-9_][A-Za-z0-9_.+!-]{0,150}$"


class BadIndex(ValueError):
    """An index or block list that cannot be read; the text says why."""


def _check_version(text: str) -> str:
    try:
        Version(text)
    except InvalidVersion as error:
        raise ValueError("not a version") from error
    return text


def _check_range(text: str) -> str:
    try:
        SpecifierSet(text)
    except InvalidSpecifier as error:
        raise ValueError("not a version range") from error
    return text


def _without_controls(text: str) -> str:
    if not all(character.isprintable() for character in text):
        raise ValueError("it has invisible characters")
    return text


Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,63}$")]
Line = Annotated[str, StringConstraints(max_length=300), AfterValidator(_without_controls)]
VersionText = Annotated[
    str, StringConstraints(min_length=1, max_length=64), AfterValidator(_check_version)
]
Range = Annotated[str, StringConstraints(max_length=200), AfterValidator(_check_range)]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class _Record(BaseModel):
    #: A later format may say more; what is unknown here is not stored.
    model_config = ConfigDict(frozen=True, extra="ignore")


class OfferedRelease(_Record):
    """One release in the index."""

    version: VersionText
    digest: Digest
    #: The archive's path among the targets.
    target: Annotated[str, StringConstraints(pattern=_TARGET)]
    published_at: AwareDatetime
    core: Range = ""
    python: Range = ""
    capabilities: list[Line] = Field(default=[], max_length=200)


class OfferedPlugin(_Record):
    """One plugin in the index."""

    name: Name
    summary: Line = ""
    publisher: Line = ""
    category: Line = ""
    tags: list[Line] = Field(default=[], max_length=32)
    icon: Line = ""
    releases: list[OfferedRelease] = Field(max_length=500)

    @model_validator(mode="after")
    def each_version_once(self) -> OfferedPlugin:
        """Refuse an index in which one version is two things."""
        versions = [Version(release.version) for release in self.releases]
        if len(set(versions)) < len(versions):
            raise ValueError("a version is there twice")
        return self


class Index(_Record):
    """All that a catalogue offers."""

    format: Literal[1]
    plugins: list[OfferedPlugin] = Field(max_length=10_000)

    @model_validator(mode="after")
    def each_name_once(self) -> Index:
        """Refuse an index in which one name is two plugins."""
        names = [plugin.name.casefold() for plugin in self.plugins]
        if len(set(names)) < len(names):
            raise ValueError("a name is there twice")
        return self


class Block(_Record):
    """A release that shall not run: by its digest, or by name and perhaps version."""

    name: Name | Literal[""] = ""
    version: VersionText | Literal[""] = ""
    digest: Digest | Literal[""] = ""
    reason: Line

    @model_validator(mode="after")
    def names_something(self) -> Block:
        """Refuse a block that would stop everything."""
        if bool(self.name) == bool(self.digest) or (self.version and not self.name):
            raise ValueError("it must have a digest, or a name and perhaps a version")
        return self


class Blocks(_Record):
    """All that a catalogue blocks."""

    format: Literal[1]
    blocks: list[Block] = Field(max_length=10_000)


def read_index(raw: bytes) -> Index:
    """Read an index; raises `BadIndex`."""
    try:
        return Index.model_validate_json(raw)
    except ValidationError as error:
        raise BadIndex(_told(INDEX, error)) from error


def read_blocks(raw: bytes) -> Blocks:
    """Read a block list; raises `BadIndex`."""
    try:
        return Blocks.model_validate_json(raw)
    except ValidationError as error:
        raise BadIndex(_told(BLOCKS, error)) from error


def _told(name: str, error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(map(str, first["loc"])) or "its top"
    more = f" and {error.error_count() - 1} more" if error.error_count() > 1 else ""
    return f"its {name} is not in order, at {where}: {first['msg']}{more}"
