"""The static scan: what code says, held against its manifest; none of it is run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plexichat.chat.data_views import VIEWS
from plugins_registry.manifest import read_manifest
from plugins_registry.scanning import Code, Report, Severity, scan
from plugins_registry.scanning.statements import VIEW_CAPABILITIES, addresses_of, tables_of

Scan = Callable[..., Report]
HEAD = "from plexichat_plugin_sdk import *\n"


@pytest.fixture
def scanned(tmp_path: Path) -> Scan:
    """Scans the code of one `plugin.py`, and further files, under the rest of a manifest."""

    def _scanned(code: str, manifest: str = "", **files: str) -> Report:
        head = "plugin: {name: demo, version: 1.0.0}\n"
        reading = read_manifest(head + manifest)
        assert reading.manifest is not None, reading.problems
        contents = {"plugin.py": code, **{f"{name}.py": text for name, text in files.items()}}
        for path, text in contents.items():
            (tmp_path / path).write_text(text, encoding="utf-8")
        report, unreadable = scan(tmp_path, contents, reading.manifest)
        assert report is not None
        assert unreadable == []
        return report

    return _scanned


def found(report: Report, code: Code) -> list[tuple[str, str]]:
    return [(each.severity.value, str(each)) for each in report.findings if each.code is code]


def plugin(body: str, head: str = HEAD) -> str:
    return f"{head}class Demo(Plugin):\n    {body}\n    def handle(self, given): ...\n"


BENT = "import importlib\nimportlib.import_module('x' + name)\n"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("", {Severity.NOTE}),
        ("import tests.helper", {Severity.DOUBT, Severity.RISK}),
        ("from tests import helper", {Severity.DOUBT, Severity.RISK}),
        (BENT, {Severity.DOUBT, Severity.RISK}),
        ("exec('import tests')", {Severity.DOUBT, Severity.RISK}),
    ],
)
def test_what_tests_usually_do_is_noted_unless_they_may_run(
    code: str, expected: set[Severity], scanned: Scan, tmp_path: Path
) -> None:
    (tmp_path / "tests").mkdir()
    report = scanned(HEAD + code, **{"tests/helper": "import pytest\n" + BENT})
    told = {each.severity for each in report.findings if each.file == "tests/helper.py"}
    assert told == expected


def test_tests_hide_nothing_else(scanned: Scan, tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    report = scanned(HEAD, **{"tests/helper": "import os\nos.system('ls')\n"})
    assert [each.severity for each in report.findings] == [Severity.RISK]


def test_the_chats_views_are_those_that_are_looked_for() -> None:
    assert {name: view.capability for name, view in VIEWS.items()} == VIEW_CAPABILITIES


class TestOffers:
    """Decorators against the manifest."""

    @pytest.mark.parametrize(
        "code",
        [
            plugin("@hook('user_login')"),
            plugin("@h('user_login')", "from plexichat_plugin_sdk import Plugin, hook as h\n"),
            plugin("@h.hook('user_login')", HEAD + "import plexichat_plugin_sdk.hooks as h\n"),
            plugin("@hook(NAME)", HEAD + "NAME = 'user_' + 'login'\n"),
            plugin("@hook(name='user_login')"),
        ],
        ids=["star", "renamed", "module", "constant", "keyword"],
    )
    def test_a_hook_is_read_however_it_is_written(self, code: str, scanned: Scan) -> None:
        assert scanned(code).hooks == ("user_login",)
        (contradiction,) = scanned(code, "hooks: [message_sent]").contradictions
        assert "handles the hook 'user_login', which the manifest does not list" in contradiction
        assert scanned(code, "hooks: [user_login]").findings == ()

    def test_all_kinds_of_offers_are_read(self, scanned: Scan) -> None:
        report = scanned(
            plugin(
                "@endpoint('/api/v1/d', methods=['PUT', 'get'])\n"
                "    @websocket_endpoint('/ws/d')\n"
                "    @require_permission('demo.read')\n"
                "    @scheduled(every='1h')"
            )
        )
        assert report.endpoints == ("GET /api/v1/d", "PUT /api/v1/d")
        assert (report.sockets, report.jobs) == (("/ws/d",), ("handle",))
        assert report.permissions == ("demo.read",)
        assert report.findings == ()

    def test_aliases_of_hooks_are_the_same_hook(self, scanned: Scan) -> None:
        assert scanned(plugin("@hook('channel_join')"), "hooks: [channel_join]").findings == ()

    @pytest.mark.parametrize(
        "code",
        [
            plugin("@hook('user_login')").replace("(Plugin)", "(object)"),
            plugin("@hook('user_login')") + "    handle = None\n",
            plugin("@hook('user_login')") + "class Other(Plugin): ...\n",
            plugin("@hook('user_login')") + "class Child(Demo): ...\n",
            plugin("@undo\n    @hook('user_login')"),
            plugin("@hook('user_login')") + "Demo = undo(Demo)\n",
            plugin("@hook('user_login')", HEAD + "hook = other\n"),
            plugin("@hook('user_login')").replace("class", "@undo\nclass"),
        ],
        ids=[
            *("no plugin", "taken back", "two plugins", "inherited"),
            *("other decorator", "class replaced", "decorator replaced", "class decorated"),
        ],
    )
    def test_what_is_not_certain_contradicts_nothing(self, code: str, scanned: Scan) -> None:
        report = scanned(code, "hooks: [message_sent]")
        assert report.contradictions == ()
        assert found(report, Code.HOOK)[0][0] == "doubt"

    def test_a_variable_of_the_same_name_in_a_method_changes_nothing(self, scanned: Scan) -> None:
        code = plugin("@hook('user_login')") + "    def other(self): handle = 1\n"
        assert len(scanned(code, "hooks: [message_sent]").contradictions) == 1

    def test_a_text_that_is_given_twice_is_computed(self, scanned: Scan) -> None:
        code = plugin("@hook(NAME)", HEAD + "NAME = 'a'\nNAME = 'b'\n")
        assert (scanned(code).hooks, found(scanned(code), Code.COMPUTED) != []) == ((), True)

    def test_the_entry_points_class_decides(self, tmp_path: Path, scanned: Scan) -> None:
        code = plugin("@hook('user_login')") + "class Other(Plugin): ...\n"
        rest = "hooks: [message_sent]\n"
        assert scanned(code, rest).contradictions == ()
        manifest = "plugin: {name: demo, version: 1.0, entry_point: 'plugin:Demo'}\n" + rest
        report, _ = scan(tmp_path, ["plugin.py"], read_manifest(manifest).manifest)
        assert report is not None
        assert len(report.contradictions) == 1

    def test_what_is_declared_and_not_done_is_told(self, scanned: Scan) -> None:
        report = scanned("", "hooks: [user_login]\nendpoints: [/api/v1/d]")
        (hook,) = found(report, Code.HOOK)
        (path,) = found(report, Code.PATH)
        assert hook == (
            "doubt",
            "plugin.yaml: the hook 'user_login' is listed, and nothing in the code seems to "
            "handle it",
        )
        assert "'/api/v1/d' is claimed" in path[1]

    def test_a_computed_offer_is_noted_and_may_be_any(self, scanned: Scan) -> None:
        report = scanned(plugin("@hook(open('x').read())"), "hooks: [user_login]")
        assert found(report, Code.HOOK) == []
        assert found(report, Code.COMPUTED)[0][0] == "note"

    def test_a_permission_of_the_server_is_a_contradiction(self, scanned: Scan) -> None:
        body = "@endpoint('/api/v1/d')\n    @require_permission('auth.add_user')"
        assert "the server's own app 'auth'" in scanned(plugin(body)).contradictions[0]


class TestImports:
    """Where modules come from."""

    def test_they_are_sorted_by_origin(self, scanned: Scan) -> None:
        code = "import json, own, sklearn.svm, bs4, nowhere\nfrom . import near\n"
        report = scanned(
            code, "dependencies: {packages: [scikit-learn, beautifulsoup4]}", own="", near=""
        )
        assert report.standard_modules == ("json",)
        assert report.packages == ("bs4", "sklearn")
        assert report.unknown_modules == ("nowhere",)

    @pytest.mark.parametrize(
        ("code", "manifest", "severity"),
        [
            ("import requests", "", "doubt"),
            ("import requests", "dependencies: {packages: [other]}", "note"),
            ("try:\n    import requests\nexcept ImportError: ...", "", "note"),
            ("import requests", "dependencies: {packages: ['requests>=2']}", None),
            ("import os.path", "", None),
        ],
        ids=["undeclared", "by another", "optional", "declared", "python's"],
    )
    def test_undeclared_ones_are_told(
        self, code: str, manifest: str, severity: str | None, scanned: Scan
    ) -> None:
        grades = [grade for grade, _ in found(scanned(code, manifest), Code.IMPORT)]
        assert grades == ([severity] if severity else [])

    def test_a_file_that_hides_a_module_of_python_is_told(self, scanned: Scan) -> None:
        assert "'json' of the package hides" in found(scanned("", json=""), Code.SHADOW)[0][1]
        assert found(scanned("", jason=""), Code.SHADOW) == []


class TestNeeds:
    """Capabilities, both ways."""

    @pytest.mark.parametrize(
        ("code", "capability"),
        [
            ('q = "SELECT * FROM users u"', "user_data_read"),
            ('q = "SELECT 1 FROM mine JOIN Messages ON 1=1"', "message_data_read"),
            ('q = f"SELECT {x} FROM channel_members"', "channel_data_read"),
            ('q = "SELECT a " + "FROM channels"', "channel_data_read"),
            (HEAD + "def f(): send_message('c', 'x')", "message_send"),
            ("import urllib\nx = 'https://api.example.com/v1'", "network:api.example.com"),
            ("import urllib\nx = 'http://a.example:8080/'", "network:a.example:8080"),
        ],
        ids=["users", "messages", "members", "sum", "send", "host", "port"],
    )
    def test_what_is_not_asked_for_is_told(self, code: str, capability: str, scanned: Scan) -> None:
        report = scanned(code)
        assert capability in report.needs
        ((severity, sentence),) = found(report, Code.CAPABILITY)
        assert (severity, capability in sentence) == ("doubt", True)
        asked = scanned(code, f"permissions: {{required: ['{capability}']}}")
        assert found(asked, Code.CAPABILITY) == []

    @pytest.mark.parametrize("name", ["user_data_read", "message_send", "network:api.example.com"])
    def test_what_is_asked_for_and_not_needed_is_noted(self, name: str, scanned: Scan) -> None:
        report = scanned("", f"permissions: {{required: ['{name}', my_label]}}")
        ((severity, sentence),) = found(report, Code.CAPABILITY)
        assert (severity, "nothing in its code" in sentence) == ("note", True)

    def test_a_wildcard_covers_its_hosts(self, scanned: Scan) -> None:
        code = "import urllib\nx = 'https://a.example.com/'"
        manifest = "permissions: {required: ['network:*.example.com']}"
        assert scanned(code, manifest).findings == ()

    def test_hosts_in_docstrings_are_not_reached(self, scanned: Scan) -> None:
        assert scanned('import urllib\n"""See https://docs.example.com."""').hosts == ()

    def test_writing_to_the_chat_is_told(self, scanned: Scan) -> None:
        asked = "permissions: {required: [message_data_read]}"
        assert found(scanned('q = "DELETE FROM messages"', asked), Code.VIEW)
        assert not found(scanned('q = "DELETE FROM my_messages"', asked), Code.VIEW)


class TestRisks:
    """Constructs worth a look."""

    @pytest.mark.parametrize(
        ("code", "kind"),
        [
            ("eval('1')", Code.EVALUATION),
            ("run = exec", Code.EVALUATION),
            ("import builtins\nbuiltins.exec('1')", Code.EVALUATION),
            ("import os as o\no.system('id')", Code.PROGRAM),
            ("from os import system as go\ngo('id')", Code.PROGRAM),
            ("import os\ngetattr(os, 'sys' + 'tem')('id')", Code.PROGRAM),
            ("from subprocess import run", Code.PROGRAM),
            ("import ctypes\nctypes.CDLL('x')", Code.NATIVE),
            ("import pickle\npickle.loads(b'')", Code.UNPICKLING),
            ("__import__('o' + 's')", Code.IMPORTING),
            ("import sys\nsys.path.append('/x')", Code.IMPORTING),
            ("import socket\nsocket.socket()", Code.SOCKET),
            ("open('x', mode='ab')", Code.WRITING),
            ("import multiprocessing as m\nm.Process()", Code.THREADS),
            ("().__class__.__base__.__subclasses__()", Code.INSIDES),
            ("import base64\nexec(base64.b64decode('eA=='))", Code.DISGUISE),
            ("x = '\u202egpj.exe'", Code.HIDDEN),
            ("x = '" + "y" * 1001 + "'", Code.LONG_LINE),
        ],
        ids=lambda value: str(value) if isinstance(value, Code) else "",
    )
    def test_they_are_found_with_file_and_line(self, code: str, kind: Code, scanned: Scan) -> None:
        severity, sentence = found(scanned(code), kind)[-1]
        assert severity == "risk"
        # An imported name is found where it is imported, and told once with its uses.
        line = 1 if sentence.endswith("(2 times)") else len(code.splitlines())
        assert sentence.startswith(f"plugin.py:{line}: ")

    @pytest.mark.parametrize(
        "code",
        [
            "import re\nre.compile('x')",
            "def compile(x): ...\ncompile(1)",
            "class A:\n    def f(self): self.eval()",
            "open('x')\nopen('x', 'rb')",
            "import json, threading\njson.loads('1'); threading.Lock()",
            "x = '\N{FAMILY}\u200d\N{GIRL}'",
        ],
        ids=["re", "own", "method", "reading", "json", "emoji"],
    )
    def test_what_only_looks_like_them_is_not(self, code: str, scanned: Scan) -> None:
        assert scanned(code).findings == ()

    def test_compiled_code_is_told(self, tmp_path: Path) -> None:
        manifest = read_manifest("plugin: {name: demo, version: 1.0}").manifest
        (tmp_path / "fast.so").write_bytes(b"\x7fELF")
        report, _ = scan(tmp_path, ["fast.so"], manifest)
        assert report is not None
        assert found(report, Code.NATIVE) == [
            ("risk", "fast.so: compiled code, which no scan can read")
        ]


def test_nothing_of_the_code_is_run(scanned: Scan, tmp_path: Path) -> None:
    scanned(f"open({str(tmp_path / 'ran')!r}, 'w')\nraise SystemExit")
    assert not (tmp_path / "ran").exists()


def test_a_thousand_findings_are_counted_and_few_are_kept(scanned: Scan) -> None:
    files = {f"m{at}": "eval('1')\n" * 3 for at in range(250)}
    report = scanned("", **files)
    assert len(report.findings) == 200
    assert report.omitted == 50
    assert str(report.findings[0]).endswith("which no scan can read (3 times)")


def test_a_report_survives_its_way_through_the_database(scanned: Scan) -> None:
    report = scanned("import requests\neval('1')\nq = 'SELECT 1 FROM users'")
    assert {each.severity for each in report.findings} >= {Severity.RISK, Severity.DOUBT}
    assert Report.from_json(report.to_json()) == report


@pytest.mark.parametrize(
    ("text", "read", "written"),
    [
        ("SELECT 1 FROM a, b JOIN c ON 1", {"a", "b", "c"}, set()),
        ("WITH w AS (SELECT 1 FROM a) SELECT 1 FROM w", {"a"}, set()),
        ("insert into t select 1 from s", {"s"}, {"t"}),
        ("UPDATE t SET x = 1", set(), {"t"}),
        ('CREATE TABLE IF NOT EXISTS "T" (x int)', set(), {"t"}),
        ("a word from users", set(), set()),
    ],
    ids=["joins", "common", "insert", "update", "create", "prose"],
)
def test_tables_are_read_from_statements(text: str, read: set[str], written: set[str]) -> None:
    assert tables_of(text).read == read
    assert tables_of(text).written == written


def test_only_whole_hosts_are_read() -> None:
    hole = "\N{OBJECT REPLACEMENT CHARACTER}"
    text = f"https://a.example/x wss://[2001:db8::1]:8443 https://x.{hole}.example/ http://{hole}/"
    assert list(addresses_of(text)) == [("a.example", 443), ("2001:db8::1", 8443)]


@settings(max_examples=60, deadline=2000)
@given(st.text(max_size=300))
def test_no_text_makes_the_patterns_raise_or_hang(text: str) -> None:
    tables_of(f"select {text} from {text}")
    list(addresses_of(f"https://{text}"))


def test_every_code_and_severity_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "manifest.md").read_text()
    assert [each for each in (*Code, *Severity) if f"| `{each}` |" not in page] == []
