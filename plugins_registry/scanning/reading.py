"""One walk over a file's syntax tree: what it imports, refers to and says as text."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field, replace

from plugins_registry.scanning.names import SDK, Names
from plugins_registry.scanning.sources import Source

#: What stands in a text where something computed is put in.
HOLE = "\N{OBJECT REPLACEMENT CHARACTER}"
#: Whoever catches one of these goes on without the module.
_FORGIVING = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})


@dataclass(frozen=True, kw_only=True)
class Import:
    """One imported module."""

    #: Dotted, absolute.
    module: str
    line: int
    #: Whether the file can do without it.
    is_optional: bool


@dataclass(frozen=True, kw_only=True)
class Reference:
    """One name that is used."""

    #: Dotted, as `Names.meaning` says.
    name: str
    line: int
    #: The call, when it is called.
    call: ast.Call | None = None


@dataclass(frozen=True, kw_only=True)
class Text:
    """One text that is no docstring; computed parts are `HOLE`."""

    value: str
    line: int


@dataclass(kw_only=True)
class Facts:
    """What one file says."""

    source: Source
    names: Names
    imports: list[Import] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)

    def without_tree(self) -> Facts:
        """The same without what holds the syntax tree, which is large."""
        empty = ast.Module(body=[], type_ignores=[])
        return Facts(
            source=Source(path=self.source.path, text="", tree=empty),
            names=Names(empty),
            imports=self.imports,
            references=[
                replace(each, call=None) for each in self.references if each.name.startswith(SDK)
            ],
            texts=self.texts,
        )

    def has(self, *names: str) -> bool:
        """Whether one of these dotted names is used."""
        return any(reference.name in names for reference in self.references)


def read_facts(source: Source) -> Facts:
    """Walk over one file."""
    facts = Facts(source=source, names=Names(source.tree))
    walk = _Walk(facts)
    # From the outside in: what stands around a node has been seen before it.
    for node in ast.walk(source.tree):
        walk.visit(node)
    return facts


class _Walk:
    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        #: Nodes that were dealt with together with what stands around them.
        self._done: set[int] = set()
        self._optional: set[int] = set()

    def visit(self, node: ast.AST) -> None:
        if isinstance(node, ast.Expr):
            # A text alone is a docstring or a comment.
            self._done.add(id(node.value))
            if isinstance(node.value, ast.Call):
                self._done.discard(id(node.value))
        elif isinstance(node, ast.Try):
            self._try(node)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            self._import(node)
        elif isinstance(node, ast.Call):
            self._call(node)
        elif id(node) not in self._done:
            self._value(node)

    def _value(self, node: ast.AST) -> None:
        if isinstance(node, ast.Name | ast.Attribute):
            self._reference(node)
        elif isinstance(node, ast.JoinedStr):
            self._joined(node)
        elif isinstance(node, ast.BinOp):
            self._sum(node)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            self._text(node.value, node.lineno)

    def _try(self, node: ast.Try) -> None:
        caught = [handler.type for handler in node.handlers]
        kinds = [each for kind in caught if kind is not None for each in _kinds(kind)]
        if None in caught or _FORGIVING.intersection(kinds):
            imports = [each for each in node.body if isinstance(each, ast.Import | ast.ImportFrom)]
            self._optional.update(map(id, imports))

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        if isinstance(node, ast.ImportFrom) and (node.level or not node.module):
            return  # from the package itself
        modules = (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
        )
        optional = id(node) in self._optional
        self._facts.imports += [
            Import(module=module, line=node.lineno, is_optional=optional) for module in modules
        ]
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                self._facts.references.append(Reference(name=name, line=node.lineno))

    def _call(self, node: ast.Call) -> None:
        name = self._facts.names.meaning(node.func)
        reached = self._facts.names.meaning(node)  # getattr(os, "system")
        for meant in dict.fromkeys((name, reached)):
            if meant:
                self._facts.references.append(Reference(name=meant, line=node.lineno, call=node))
        self._skip(node.func)

    def _reference(self, node: ast.Name | ast.Attribute) -> None:
        if name := self._facts.names.meaning(node):
            self._facts.references.append(Reference(name=name, line=node.lineno))
            self._skip(node)

    def _skip(self, node: ast.AST) -> None:
        """The parts of `a.b.c` are no further names."""
        while isinstance(node, ast.Attribute):
            self._done.add(id(node))
            node = node.value
        if isinstance(node, ast.Name):
            self._done.add(id(node))

    def _joined(self, node: ast.JoinedStr) -> None:
        parts = [part.value if isinstance(part, ast.Constant) else HOLE for part in node.values]
        self._done.update(id(part) for part in node.values if isinstance(part, ast.Constant))
        self._text("".join(map(str, parts)), node.lineno)

    def _sum(self, node: ast.BinOp) -> None:
        """`"SELECT " + "1"` is one text."""
        if (text := self._facts.names.text(node)) is not None:
            self._text(text, node.lineno)
            self._done.update(id(inner) for inner in ast.walk(node))

    def _text(self, text: str, line: int) -> None:
        self._facts.texts.append(Text(value=text, line=line))


def _kinds(node: ast.expr) -> list[str]:
    nodes = node.elts if isinstance(node, ast.Tuple) else [node]
    return [each.id for each in nodes if isinstance(each, ast.Name)]
