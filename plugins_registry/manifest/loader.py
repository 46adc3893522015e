"""YAML read strictly: what a manifest may contain, and nothing that YAML can do besides.

No anchors, aliases, tags, merge keys or duplicate keys; bounded size, depth and number of
values. Outside the free parts (`settings`, `settings_schema`) each scalar stays the text that
was written, so that `version: 1.10` is '1.10'. In the free parts scalars are read as in YAML
1.2: only `true` and `false` are truth values, and a date is text.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from plugins_registry.manifest.findings import Finding
from plugins_registry.places import Path

TEXT_BYTES = 64 * 1024
DEPTH = 16
VALUES = 5000
#: Parts whose scalars have types; elsewhere everything is text.
TYPED_PARTS = frozenset({"settings", "settings_schema"})

_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT = re.compile(r"[-+]?([0-9]{1,18}\.[0-9]{0,18}|\.[0-9]{1,18})([eE][-+]?[0-9]{1,3})?")
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_TRUTH = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_OLD_TRUTH = frozenset({"yes", "no", "on", "off", "y", "n"})


@dataclass(kw_only=True)
class Document:
    """A read document: its values, and where each began."""

    values: Any = None
    lines: dict[Path, int] = field(default_factory=dict)
    problems: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)


class _Refused(yaml.YAMLError):
    """Something that YAML allows and a manifest does not."""

    def __init__(self, message: str, mark: yaml.Mark) -> None:
        super().__init__(message)
        self.problem, self.problem_mark = message, mark


class _StrictLoader(yaml.SafeLoader):
    """Composes nodes; refuses while composing, before anything can multiply."""

    depth = 0
    values = 0

    def compose_node(self, parent: Node | None, index: Any) -> Node | None:
        """One node, when it is of a kind that manifests may use."""
        event = self.peek_event()  # type: ignore[no-untyped-call]  # PyYAML's stubs lack it
        self._refuse_event(event)
        self.depth += 1
        self.values += 1
        if self.depth > DEPTH or self.values > VALUES:
            limit = f"{DEPTH} levels" if self.depth > DEPTH else f"{VALUES} values"
            raise _Refused(f"more than {limit}; make it smaller", event.start_mark)
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    @staticmethod
    def _refuse_event(event: Any) -> None:
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _Refused("anchors and aliases are not used here; repeat it", event.start_mark)
        if getattr(event, "tag", None):
            raise _Refused(f"the tag {event.tag!r} is not used here; remove it", event.start_mark)


def load(text: str) -> Document:
    """Read one document; what is wrong stands in `problems`, and `values` is then None or less."""
    document = Document()
    if len(text.encode("utf-8", "surrogatepass")) > TEXT_BYTES:
        message = f"larger than {TEXT_BYTES // 1024} KiB; a manifest only declares, shorten it"
        document.problems.append(Finding(path=(), message=message))
        return document
    try:
        node = _compose(text)
    except yaml.YAMLError as error:
        document.problems.append(_syntax_finding(error))
        return document
    if node is not None:
        document.values = _Builder(document).build(node, ())
    return document


def _compose(text: str) -> Node | None:
    loader = _StrictLoader(text)
    try:
        return loader.get_single_node()
    finally:
        loader.dispose()


def _syntax_finding(error: yaml.YAMLError) -> Finding:
    mark = getattr(error, "problem_mark", None)
    said = [getattr(error, name, None) for name in ("context", "problem")]
    message = ", ".join(filter(None, said)) or str(error).splitlines()[0]
    return Finding(
        path=(),
        message=f"plugin.yaml cannot be read: {message}",
        line=mark.line + 1 if mark is not None else None,
    )


class _Builder:
    """Turns nodes into values and remembers their lines."""

    def __init__(self, document: Document) -> None:
        self.document = document

    def build(self, node: Node, path: Path) -> Any:
        """The value of one node."""
        self.document.lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        if isinstance(node, SequenceNode):
            return [self.build(child, (*path, at)) for at, child in enumerate(node.value)]
        assert isinstance(node, ScalarNode)  # the only third kind of node
        return self._scalar(node, path)

    def _mapping(self, node: MappingNode, path: Path) -> Mapping[str, Any]:
        values: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            key = key_node.value
            if not isinstance(key_node, ScalarNode):
                self._problem(path, "a key must be plain text", line)
            elif key in values:
                self._problem((*path, key), "stands here twice; remove one of them", line)
            else:
                self.document.lines[*path, key] = line
                values[key] = self.build(value_node, (*path, key))
        return values

    def _scalar(self, node: ScalarNode, path: Path) -> Any:
        text: str = node.value
        is_plain = node.style is None
        if is_plain and text in _NULL:
            return None
        if not is_plain or not path or path[0] not in TYPED_PARTS:
            return text
        if text.lower() in _OLD_TRUTH:
            message = f"{text!r} is text here; if a truth value is meant, write true or false"
            line = node.start_mark.line + 1
            self.document.warnings.append(Finding(path=path, message=message, line=line))
        return typed_scalar(text)

    def _problem(self, path: Path, message: str, line: int) -> None:
        self.document.problems.append(Finding(path=path, message=message, line=line))


def typed_scalar(text: str) -> bool | int | float | str | None:
    """A plain scalar as YAML 1.2 reads it; infinities and dates stay text."""
    if text in _NULL:
        return None
    if text in _TRUTH:
        return _TRUTH[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    return text
