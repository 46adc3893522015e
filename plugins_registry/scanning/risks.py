"""Constructs that plugins seldom need and attackers often do, and text that hides something."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from plugins_registry.scanning.findings import Code, Finding, Severity
from plugins_registry.scanning.reading import Facts, Reference

LONG_LINE_CHARACTERS = 1000
#: Marks that turn text around, and characters without width; joiners of emoji are not among them.
_HIDDEN = re.compile("[\u200b\u200c\u200e\u200f\u061c\u202a-\u202e\u2060-\u2069\ufeff\u00ad]")
_LIBRARY_SUFFIXES = (".so", ".pyd", ".dll", ".dylib", ".exe", ".pth", ".egg")


@dataclass(frozen=True, kw_only=True)
class Risk:
    """One kind of construct."""

    code: Code
    #: Dotted names; each stands for all below it, too.
    names: tuple[str, ...]
    #: What it does, after the name.
    says: str


RISKS = (
    Risk(
        code=Code.EVALUATION,
        names=("eval", "exec", "compile", "builtins.eval", "builtins.exec", "builtins.compile"),
        says="runs text as code, which no scan can read",
    ),
    Risk(
        code=Code.PROGRAM,
        names=(
            *("os.system", "os.popen", "os.fork", "os.forkpty", "os.kill", "os.killpg"),
            *(f"os.exec{form}" for form in ("l", "le", "lp", "lpe", "v", "ve", "vp", "vpe")),
            *("os.posix_spawn", "os.posix_spawnp", "os.spawn", "pty", "subprocess"),
            *("asyncio.create_subprocess_exec", "asyncio.create_subprocess_shell"),
        ),
        says="starts or ends other programs, which the sandbox refuses",
    ),
    Risk(
        code=Code.NATIVE,
        names=("ctypes", "_ctypes", "cffi", "mmap", "os.dlopen"),
        says="works on memory around Python",
    ),
    Risk(
        code=Code.UNPICKLING,
        names=(
            *("pickle.load", "pickle.loads", "pickle.Unpickler", "marshal.load", "marshal.loads"),
            *("shelve.open", "dill", "cloudpickle", "yaml.load", "yaml.unsafe_load"),
            *("_pickle.load", "_pickle.loads", "jsonpickle", "joblib.load"),
        ),
        says="can run code that stands in the data it reads; JSON cannot",
    ),
    Risk(
        code=Code.IMPORTING,
        names=(
            *("__import__", "builtins.__import__", "importlib.import_module", "runpy"),
            *("importlib.util", "importlib.machinery", "importlib.reload", "zipimport"),
            *("sys.meta_path", "sys.path_hooks", "sys.path", "sys.modules", "imp"),
        ),
        says="imports by a computed name or bends imports, which no scan can follow",
    ),
    Risk(
        code=Code.SOCKET,
        names=("socket.socket", "socket.create_connection", "socket.create_server", "_socket"),
        says="opens sockets by hand; only hosts granted by 'network:' can be reached",
    ),
    Risk(
        code=Code.THREADS,
        names=("multiprocessing", "_thread", "concurrent.futures.ProcessPoolExecutor"),
        says="starts processes or bare threads, which the sandbox limits; `background` is meant "
        "for this",
    ),
    Risk(
        code=Code.INSIDES,
        names=(
            "sys._getframe",
            "sys.settrace",
            "sys.setprofile",
            "gc.get_objects",
            "inspect.stack",
        ),
        says="looks into running code",
    ),
)
_BY_NAME = {name: risk for risk in RISKS for name in risk.names}
#: Attributes by which one climbs from any object to all others.
_CLIMBING = frozenset(
    {
        *("__subclasses__", "__globals__", "__builtins__", "__code__", "__closure__"),
        *("f_globals", "f_locals", "f_back", "gi_frame", "cr_frame", "tb_frame"),
    }
)
_WRITING_MODES = frozenset("wax+")
_DECODERS = (
    *("base64.", "binascii.a2b_base64", "binascii.unhexlify", "bytes.fromhex", "zlib.decompress"),
    *("codecs.decode", "lzma.decompress", "bz2.decompress", "marshal.loads"),
)


def risk_findings(facts: Facts) -> Iterator[Finding]:
    """The risky constructs of one file, and what its text hides."""
    for reference in facts.references:
        if found := _risk(reference):
            yield _found(facts, found.code, f"{reference.name} {found.says}", reference.line)
        elif climbing := _CLIMBING.intersection(reference.name.split(".")):
            named = ", ".join(sorted(climbing))
            yield _found(facts, Code.INSIDES, f"{named} reaches Python's insides", reference.line)
        elif _is_writing(reference, facts):
            says = "writes a file, which nothing but the plugin's scratch folder lets it"
            yield _found(facts, Code.WRITING, f"{reference.name} {says}", reference.line)
    yield from _climbing_attributes(facts)
    yield from _disguises(facts)
    yield from text_findings(facts.source.path, facts.source.text)


def text_findings(path: str, text: str) -> Iterator[Finding]:
    """Hidden characters and lines that no person reads."""
    for number, line in enumerate(text.splitlines(), start=1):
        if match := _HIDDEN.search(line):
            yield Finding(
                severity=Severity.RISK,
                code=Code.HIDDEN,
                message=f"the character U+{ord(match[0]):04X} is not seen or turns text around, so "
                f"that the code is not what it looks like",
                file=path,
                line=number,
            )
        if len(line) > LONG_LINE_CHARACTERS:
            message = f"a line of {len(line)} characters; something may stand where nobody looks"
            yield Finding(
                severity=Severity.RISK,
                code=Code.LONG_LINE,
                message=message,
                file=path,
                line=number,
            )


def file_findings(paths: list[str]) -> Iterator[Finding]:
    """Files that Python runs and no scan reads."""
    for path in paths:
        if path.endswith(_LIBRARY_SUFFIXES) or ".so." in path:
            yield Finding(
                severity=Severity.RISK,
                code=Code.NATIVE,
                message="compiled code, which no scan can read",
                file=path,
            )


def _risk(reference: Reference) -> Risk | None:
    """The risk of the name, or of what it is a part of."""
    parts = reference.name.split(".")
    for length in range(1, len(parts) + 1):
        if found := _BY_NAME.get(".".join(parts[:length])):
            return found
    return None


def _climbing_attributes(facts: Facts) -> Iterator[Finding]:
    """Of computed things, `().__class__.__subclasses__()`, which have no name."""
    for node in ast.walk(facts.source.tree):
        if isinstance(node, ast.Attribute) and node.attr in _CLIMBING:
            message = f"{node.attr} reaches Python's insides"
            yield _found(facts, Code.INSIDES, message, node.lineno)


def _is_writing(reference: Reference, facts: Facts) -> bool:
    if reference.call is None or reference.name not in ("open", "io.open", "builtins.open"):
        return False
    arguments = [*reference.call.args[1:2]]
    arguments += [each.value for each in reference.call.keywords if each.arg == "mode"]
    return any(_WRITING_MODES & set(facts.names.text(each) or "") for each in arguments)


def _disguises(facts: Facts) -> Iterator[Finding]:
    runs = [each for each in facts.references if each.name in RISKS[0].names]
    decodes = [each for each in facts.references if f"{each.name}.".startswith(_DECODERS)]
    if runs and decodes:
        message = f"text is decoded ({decodes[0].name}) and run ({runs[0].name}) in one file"
        yield _found(facts, Code.DISGUISE, message, runs[0].line)


def _found(facts: Facts, code: Code, message: str, line: int) -> Finding:
    return Finding(
        severity=Severity.RISK, code=code, message=message, file=facts.source.path, line=line
    )
