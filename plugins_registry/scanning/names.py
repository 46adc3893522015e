"""What names in a file stand for: `from os import system as go` makes `go` mean `os.system`."""

from __future__ import annotations

import ast
import builtins
from collections import Counter
from collections.abc import Iterator

#: The package that every plugin imports.
SDK = "plexichat_plugin_sdk"
#: Further steps of `a.b.c…` are no module's any more, and sums of texts are no person's.
_STEPS = 20


class Names:
    """The imported names and the constant texts of one file."""

    def __init__(self, tree: ast.Module) -> None:
        self._meanings: dict[str, str] = {}
        self._texts: dict[str, str] = {}
        self._own: set[str] = set()
        #: How often each name is given a value anywhere in the file.
        self._given: Counter[str] = Counter()
        #: The SDK's modules of which everything was imported.
        self._stars: list[str] = []
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                self._meanings.update(_imported(node))
                self._stars += _everything_of_sdk(node)
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                self._own.add(node.name)
            elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
                self._given[node.id] += 1
        for statement in tree.body:
            self._assigned(statement)

    def meaning(self, node: ast.AST) -> str:
        """The dotted name that an expression stands for; empty when it is something else."""
        parts: list[str] = []
        for _ in range(_STEPS):
            if isinstance(node, ast.Attribute):
                parts.append(node.attr)
                node = node.value
            elif isinstance(node, ast.Call) and (reached := self._getattr(node)):
                parts.append(reached)
                node = node.args[0]
            else:
                break
        if not isinstance(node, ast.Name):
            return ""
        first = self._meanings.get(node.id) or self._starred(node.id)
        if not parts and node.id in self._own and node.id not in self._meanings:
            return ""  # the file's own `compile` is not Python's
        return ".".join([first, *reversed(parts)])

    def is_given_anew(self, node: ast.AST) -> bool:
        """Whether the name that an expression begins with may mean something else by now."""
        while isinstance(node, ast.Attribute):
            node = node.value
        return isinstance(node, ast.Name) and self.is_given(node.id)

    def is_given(self, name: str) -> bool:
        """Whether a name of an import or a class is given another value somewhere."""
        return self._given[name] > 0

    def text(self, node: ast.AST | None, steps: int = _STEPS) -> str | None:
        """The text that an expression certainly is; None when it is computed."""
        if isinstance(node, ast.Constant):
            return node.value if isinstance(node.value, str) else None
        if isinstance(node, ast.Name):
            return self._texts.get(node.id)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add) and steps:
            left, right = self.text(node.left, steps - 1), self.text(node.right, steps - 1)
            return None if left is None or right is None else left + right
        return None

    def _starred(self, name: str) -> str:
        """A name that nothing defines may be one of the SDK's."""
        is_known = name in self._own or hasattr(builtins, name) or not self._stars
        return name if is_known else f"{self._stars[0]}.{name}"

    def _getattr(self, call: ast.Call) -> str:
        """What `getattr(thing, "name")` reaches."""
        is_getattr = isinstance(call.func, ast.Name) and call.func.id == "getattr"
        if not is_getattr or len(call.args) < 2:
            return ""
        return self.text(call.args[1]) or ""

    def _assigned(self, statement: ast.stmt) -> None:
        if isinstance(statement, ast.Assign):
            targets, value = statement.targets, statement.value
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            targets, value = [statement.target], statement.value
        else:
            return
        for target in targets:
            if isinstance(target, ast.Name):
                self._remember(target.id, value)

    def _remember(self, name: str, value: ast.expr) -> None:
        text = self.text(value)
        if text is not None and self._given[name] == 1:
            self._texts[name] = text  # given twice, it would not be certain which one counts
        elif isinstance(value, ast.Name | ast.Attribute) and (meaning := self.meaning(value)):
            self._meanings.setdefault(name, meaning)


def _everything_of_sdk(node: ast.Import | ast.ImportFrom) -> list[str]:
    is_star = isinstance(node, ast.ImportFrom) and any(each.name == "*" for each in node.names)
    module = (isinstance(node, ast.ImportFrom) and node.module) or ""
    return [module] if is_star and module.partition(".")[0] == SDK else []


def _imported(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            top = alias.name.partition(".")[0]
            yield (alias.asname, alias.name) if alias.asname else (top, top)
        return
    module = "." * node.level + (node.module or "")
    for alias in node.names:
        yield alias.asname or alias.name, f"{module}.{alias.name}"
