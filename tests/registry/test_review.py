"""What an admin reviews: the scan at `check`, `install` and `show`, and what a release changes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from jsonschema import Draft202012Validator

from plugins_registry import review
from plugins_registry.manifest import manifest_schema, read_manifest
from plugins_registry.manifest.loader import load
from plugins_registry.models import Release
from plugins_registry.package.inspecting import Inspection, inspect
from tests.registry.conftest import Install, Write

DOCS = Path(__file__).parents[2] / "docs"
OLD = """\
from plexichat_plugin_sdk import Plugin, endpoint, hook
class Demo(Plugin):
    @hook("message_sent")
    @endpoint("/api/v1/demo")
    def handle(self, given): ...
"""
NEW = """\
import pickle
from plexichat_plugin_sdk import Plugin, endpoint, hook, scheduled
class Demo(Plugin):
    @hook("user_login")
    @endpoint("/api/v1/demo", methods=["GET", "POST"])
    @scheduled(every="1h")
    def handle(self, given): return pickle.loads(given)
"""
ASKS = """\
permissions:
  required: [user_data_read]
dependencies:
  packages: [numpy]
resources:
  limits: {memory: 1Gi}
"""

Look = Callable[..., Inspection]


@pytest.fixture
def look(write: Write, tmp_path: Path) -> Look:
    """Looks at a package that is written on the spot."""

    def _look(folder: str, code: str, manifest: str = "") -> Inspection:
        into = tmp_path / f"into-{folder}"
        into.mkdir()
        source = write("demo", manifest, folder=folder, files={"plugin.py": code})
        return inspect(source, into)

    return _look


def run(*words: object) -> str:
    out = StringIO()
    call_command("plugin", *map(str, words), stdout=out)
    return out.getvalue()


def told(changes: list[review.Change]) -> list[str]:
    return [f"{each.sign} {each.rubric}: {each.what}" for each in changes]


def test_all_that_changes_is_told_by_rubric(look: Look) -> None:
    changes = review.differences(look("old", OLD), look("new", NEW, ASKS))
    assert told(changes) == [
        "added required capability: user_data_read",
        "removed hook: message_sent",
        "added hook: user_login",
        "added endpoint: POST /api/v1/demo",
        "added job: handle",
        "added package: numpy",
        "removed limit: memory 256Mi",
        "added limit: memory 1Gi",
        "added finding: plugin.py: pickle.loads can run code that stands in the data it reads; "
        "JSON cannot",
    ]
    assert str(changes[0]).startswith("+ required capability: user_data_read: may read every acc")


def test_nothing_changes_when_only_lines_move(look: Look) -> None:
    risky = "import pickle\npickle.loads(b'')\n"
    assert review.differences(look("old", risky), look("new", f"\n\n{risky}")) == []


@pytest.mark.django_db
def test_a_release_from_before_the_scan_is_compared_by_its_manifest(
    install: Install, look: Look
) -> None:
    install("demo", files={"plugin.py": OLD})
    Release.objects.update(scan=None)
    new = look("new", NEW, "permissions: {optional: [message_send]}")
    assert told(review.differences(Release.objects.get(), new)) == [
        "added optional capability: message_send"
    ]


@pytest.mark.django_db
def test_check_shows_the_scan_and_what_is_new(install: Install, write: Write) -> None:
    install("demo", files={"plugin.py": OLD})
    source = write("demo", folder="new", files={"plugin.py": NEW})
    text = run("check", source)
    assert "risk: plugin.py:7: pickle.loads can run code" in text
    assert "since demo 1.0.0:" in text
    assert "+ endpoint: POST /api/v1/demo" in text
    shown = json.loads(run("check", source, "--json"))
    assert shown["scan"]["hooks"] == ["user_login"]


@pytest.mark.django_db
def test_install_tells_risks_and_show_keeps_them(home: Path, write: Write) -> None:
    source = write("demo", files={"plugin.py": NEW})
    assert "risk: plugin.py:7: pickle.loads" in run("install", source, "--allow-unsigned")
    text = run("show", "demo")
    assert "answers: GET /api/v1/demo, POST /api/v1/demo" in text
    assert "risk: plugin.py:7: pickle.loads" in text
    assert json.loads(run("show", "demo", "--json"))["scan"]["jobs"] == ["handle"]


class TestSchema:
    """The JSON Schema for editors."""

    def test_the_committed_one_is_the_one_that_is_written(self) -> None:
        written = json.loads(run("manifest-schema"))
        assert written == manifest_schema()
        assert json.loads((DOCS / "plugin.schema.json").read_text()) == written, (
            "write it anew: manage.py plugin manifest-schema > docs/plugin.schema.json"
        )

    def test_it_is_a_schema(self) -> None:
        Draft202012Validator.check_schema(manifest_schema())

    @pytest.mark.parametrize(
        ("text", "is_valid"),
        [
            ("plugin: {name: demo, version: '1.0'}", True),
            ("plugin: {name: demo, version: 1.0}\nhooks:\nmetadata:\nsettings: {a: 1}", True),
            ("plugin: {name: demo, version: 1.0}\nresources: {limits: {cpu: 2}}", True),
            ("plugin: {name: demo}", False),
            ("plugin: {name: demo, version: 1.0}\nhooks: message_sent", False),
            ("plugin: {name: demo, version: 1.0}\nresources: {limits: {cpu: [1]}}", False),
        ],
        ids=["least", "empty parts", "numbers", "no version", "no list", "no quantity"],
    )
    def test_it_agrees_with_the_reader_on_shapes(self, text: str, is_valid: bool) -> None:
        assert Draft202012Validator(manifest_schema()).is_valid(load(text).values) is is_valid

    def test_the_bundled_manifests_fit(self) -> None:
        for path in sorted(DOCS.parent.glob("plugins/*/plugin.yaml")):
            errors = Draft202012Validator(manifest_schema()).iter_errors(
                load(path.read_text()).values
            )
            assert [error.message for error in errors] == []


@pytest.mark.django_db
def test_an_upgrade_tells_what_it_changes(install: Install, write: Write) -> None:
    install("demo", files={"plugin.py": OLD})
    source = write("demo", folder="new", version="2.0.0", files={"plugin.py": NEW})
    text = run("upgrade", "demo", source, "--allow-unsigned")
    assert "since 1.0.0:" in text
    assert "+ job: handle" in text


def test_the_manifest_of_the_documentation_is_valid() -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", (DOCS / "manifest.md").read_text(), re.DOTALL)
    reading = read_manifest(text)
    assert (reading.problems, reading.warnings) == ((), ())
    assert Draft202012Validator(manifest_schema()).is_valid(load(text).values)


@pytest.mark.backends
@pytest.mark.django_db
def test_what_no_database_takes_is_kept_in_another_form(install: Install) -> None:
    body = "    @hook('a\\0b')\n    @scheduled(every=1, name='x\\ud800\\0')\n    def f(self): ...\n"
    code = f"from plexichat_plugin_sdk import hook, scheduled\nclass Other:\n{body}"
    install("demo", files={"plugin.py": code})
    scanned = Release.objects.get().scanned
    assert scanned is not None
    assert (scanned.hooks, scanned.jobs) == (("ab",), ("x?",))
