"""Where imported modules come from: Python, the package itself, what it declares, nowhere."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from plugins_registry.manifest import Manifest
from plugins_registry.scanning.findings import Code, Finding, Severity
from plugins_registry.scanning.names import SDK
from plugins_registry.scanning.reading import Facts

#: Packages whose modules are called otherwise; all others' are tried by name.
_MODULES = {
    "attrs": ("attr", "attrs"),
    "beautifulsoup4": ("bs4",),
    "django": ("django",),
    "msgpack-python": ("msgpack",),
    "opencv-python": ("cv2",),
    "opencv-python-headless": ("cv2",),
    "pillow": ("PIL",),
    "protobuf": ("google",),
    "pycryptodome": ("Crypto",),
    "pyjwt": ("jwt",),
    "pymysql": ("pymysql",),
    "python-dateutil": ("dateutil",),
    "python-dotenv": ("dotenv",),
    "python-magic": ("magic",),
    "pyyaml": ("yaml",),
    "scikit-image": ("skimage",),
    "scikit-learn": ("sklearn",),
    "setuptools": ("setuptools", "pkg_resources"),
}
_WHEEL = re.compile(r"wheels/([A-Za-z0-9_.]+)-[^/]*\.whl")


@dataclass(frozen=True, kw_only=True)
class Imported:
    """The top-level modules that a package imports, by where they come from."""

    standard: frozenset[str]
    #: What a declared or bundled package brings.
    declared: frozenset[str]
    #: What nothing declared seems to bring.
    unknown: frozenset[str]

    @property
    def all(self) -> frozenset[str]:
        """All of them."""
        return self.standard | self.declared | self.unknown


class Origins:
    """Knows where a module comes from."""

    def __init__(self, paths: Iterable[str], manifest: Manifest) -> None:
        paths = list(paths)
        self.own = own_modules(paths)
        names = [Requirement(text).name for text in manifest.packages]
        names += [match[1] for path in paths if (match := _WHEEL.fullmatch(path))]
        self._declared = frozenset(module for name in names for module in _modules(name))
        self._is_declaring = bool(names)

    def sort(self, files: Iterable[Facts]) -> Imported:
        """All that is imported, by origin."""
        tops = {_top(each.module) for facts in files for each in facts.imports}
        tops -= self.own | {SDK}
        standard = frozenset(tops & sys.stdlib_module_names)
        declared = frozenset(top for top in tops - standard if self._is_declared(top))
        return Imported(
            standard=standard, declared=declared, unknown=frozenset(tops - standard - declared)
        )

    def findings(self, files: Iterable[Facts], imported: Imported) -> Iterator[Finding]:
        """Imports that will fail, as far as one can see."""
        for facts in files:
            for each in facts.imports:
                if (top := _top(each.module)) in imported.unknown:
                    yield self._finding(top, facts, each.line, is_optional=each.is_optional)

    def _finding(self, top: str, facts: Facts, line: int, *, is_optional: bool) -> Finding:
        what = f"it imports {top!r}, which is neither Python's nor in the package"
        if is_optional:
            severity, message = Severity.NOTE, f"{what}; it seems to do without"
        elif self._is_declaring:
            severity = Severity.NOTE
            message = f"{what}; one of dependencies.packages must bring it along"
        else:
            severity = Severity.DOUBT
            message = f"{what}; name what brings it in dependencies.packages"
        return Finding(
            severity=severity,
            code=Code.IMPORT,
            message=message,
            file=facts.source.path,
            line=line,
        )

    def _is_declared(self, top: str) -> bool:
        return top in self._declared or canonicalize_name(top) in self._declared


def own_modules(paths: Iterable[str]) -> frozenset[str]:
    """The top-level modules that a package's files are."""
    tops = (path.split("/")[0] for path in paths if path.endswith(".py"))
    return frozenset(top.removesuffix(".py") for top in tops)


def shadow_findings(own: Iterable[str]) -> Iterator[Finding]:
    """Files that take the place of Python's modules, or of the SDK."""
    for name in sorted(own):
        if name in sys.stdlib_module_names or name == SDK:
            yield Finding(
                severity=Severity.DOUBT,
                code=Code.SHADOW,
                message=f"the module {name!r} of the package hides the one that everybody knows "
                f"by this name; rename it",
            )


def _modules(name: str) -> tuple[str, ...]:
    canonical = canonicalize_name(name)
    return (*_MODULES.get(canonical, ()), canonical, canonical.replace("-", "_"))


def _top(module: str) -> str:
    return module.partition(".")[0]
