"""The manifest: what is valid, and all that is not, at once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins_registry.manifest import Manifest, read_manifest

REFERENCE = Path(__file__).parents[2] / "docs" / "plugin-api-reference.md"


def manifest_of(text: str) -> Manifest:
    reading = read_manifest(text)
    assert reading.manifest is not None, [str(problem) for problem in reading.problems]
    return reading.manifest


def problems_of(rest: str) -> list[str]:
    reading = read_manifest(f"plugin: {{name: demo, version: 1.0.0}}\n{rest}")
    assert (reading.manifest is None) == bool(reading.problems)
    return [str(problem) for problem in reading.problems]


def warnings_of(rest: str) -> list[str]:
    reading = read_manifest(f"plugin: {{name: demo, version: 1.0.0}}\n{rest}")
    assert reading.manifest is not None
    return [str(warning) for warning in reading.warnings]


@pytest.fixture
def reference() -> Manifest:
    found = re.search(r"```yaml\n(.*?)```", REFERENCE.read_text(), re.DOTALL)
    assert found is not None
    return manifest_of(found[1])


def test_the_references_manifest_is_valid_as_it_stands(reference: Manifest) -> None:
    assert (reference.name, reference.version) == ("advanced_analytics", "1.0.0")
    assert reference.limits.cpu_millicores == 500
    assert reference.limits.memory_bytes == 1024**3
    assert reference.packages[0] == "pandas>=1.3.0"
    assert reference.required_capabilities == ("user_data_read", "analytics_write")
    assert reference.optional_capabilities == ("admin_access",)
    assert reference.settings["retention_days"] == 90


def test_aliases_of_hooks_are_resolved(reference: Manifest) -> None:
    assert "channel_member_joined" in reference.hooks
    assert "channel_join" not in reference.hooks


def test_name_and_version_are_enough() -> None:
    manifest = manifest_of("plugin: {name: demo, version: 1.10}")
    assert manifest.version == "1.10"
    assert manifest.endpoints is None
    assert manifest.limits.memory_bytes == 256 * 1024**2


def test_a_manifest_survives_its_way_through_the_database(reference: Manifest) -> None:
    assert Manifest.model_validate(reference.model_dump(mode="json")) == reference


def test_empty_sections_count_as_absent() -> None:
    manifest = manifest_of("plugin: {name: demo, version: 1.0}\nhooks:\nendpoints:\nmetadata:\n")
    assert manifest.hooks == ()
    assert manifest.endpoints is None


def test_an_empty_list_of_endpoints_claims_none() -> None:
    assert manifest_of("plugin: {name: demo, version: 1.0}\nendpoints: []").endpoints == ()


def test_all_problems_are_told_at_once_with_path_and_line() -> None:
    text = """\
        plugin:
          name: Demo
          version: latest
        resources:
          limits:
            memory: 1 Gigabyte
            cpu: lots
        hooks:
          - Message Sent
        endpoints:
          - /api/v1/users/mine
          - nowhere
        dependencies:
          core: ">=9"
          packages: [not a requirement]
        permissions:
          required: user_data_read
        """
    found = [str(problem) for problem in read_manifest(text.replace("        ", "")).problems]
    for start, end in [
        ("plugin.name: 'Demo' is not a plugin name", "(line 2)"),
        ("plugin.version: 'latest' is not a version", "(line 3)"),
        ("resources.limits.memory: '1 Gigabyte' is not a quantity; write it", "(line 6)"),
        ("resources.limits.cpu: 'lots' is not a quantity", "(line 7)"),
        ("hooks[0]: 'Message Sent' is not a hook's name", "(line 9)"),
        ("endpoints[0]: '/api/v1/users/mine' would cover", "(line 11)"),
        ("endpoints[1]: 'nowhere' does not begin with /api/", "(line 12)"),
        ("dependencies.core: this server is 2.0.0, the plugin needs '>=9'", "(line 14)"),
        ("dependencies.packages[0]: 'not a requirement' is not", "(line 15)"),
        ("permissions.required: expected a list", "(line 17)"),
    ]:
        assert any(line.startswith(start) and line.endswith(end) for line in found), (start, found)
    assert len(found) == 10


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "plugin.yaml holds no sections"),
        ("- a", "plugin.yaml holds no sections"),
        ("metadata: {}", "plugin: is missing"),
        ("plugin: {version: 1.0}", "plugin.name: is missing"),
        ("plugin: {name: demo}", "plugin.version: is missing"),
        ("plugin: demo", "plugin: expected a mapping"),
        ("plugin: {name: [a], version: 1.0}", "plugin.name: expected text"),
    ],
    ids=["empty", "list", "no plugin", "no name", "no version", "text", "list for name"],
)
def test_a_manifest_without_its_core_is_refused(text: str, words: str) -> None:
    reading = read_manifest(text)
    assert reading.manifest is None
    assert words in str(reading.problems[0])


@pytest.mark.parametrize(
    "name",
    ["a", "1demo", "Demo", "de-mo", "dé", "auth", "chat", "plugins", "core", "x" * 65, "../"],
)
def test_names_that_plugins_cannot_have(name: str) -> None:
    reading = read_manifest(f"plugin: {{name: '{name}', version: 1.0}}")
    assert str(reading.problems[0]).startswith("plugin.name: ")


@pytest.mark.parametrize(
    ("rest", "words"),
    [
        ("permissions: {required: ['bad name']}", "permissions.required[0]: 'bad name'"),
        ("permissions: {users: [admin.read]}", "the server's own app 'admin'"),
        ("permissions: {users: [CHAT.read]}", "the server's own app 'CHAT'"),
        ("permissions: {users: [read]}", "'read' is not a permission"),
        ("dependencies: {python: '>=99'}", "this server's Python is"),
        ("dependencies: {core: '>=2.0.0b1,<2.0.0'}", "this server is 2.0.0"),
        ("dependencies: {packages: ['x @ https://a.example/x.whl']}", "names an address"),
        ("metadata: {homepage: 'javascript:alert(1)'}", "is not a web address"),
        ("metadata: {tags: analytics}", "expected a list"),
        ("resources: {limits: {memory: 1Mi}}", "too little to start Python"),
        ("resources: {limits: {memory: [1]}}", "expected text"),
        ("resources: {requests: {cpu: x}}", "resources.requests.cpu"),
        ("settings: [1]", "settings: expected a mapping"),
        ("endpoints: ['/api/v1/{x}']", "'/api/v1/auth'"),
        ("endpoints: ['/ws/chat']", "'/ws/chat'"),
        ("plugin: {}", "stands here twice"),
    ],
)
def test_a_wrong_value_is_refused(rest: str, words: str) -> None:
    assert words in "\n".join(problems_of(rest))


def test_an_entry_point_is_checked() -> None:
    good = "plugin: {name: demo, version: 1.0, entry_point: 'my.module:Plugin'}"
    assert manifest_of(good).entry_point == "my.module:Plugin"
    bad = read_manifest("plugin: {name: demo, version: 1.0, entry_point: 'os.system(1)'}")
    assert "write it like 'module:Class'" in str(bad.problems[0])


@pytest.mark.parametrize(
    ("rest", "words"),
    [
        ("hooks: [mesage_sent]", "did you mean 'message_sent'?"),
        ("hooks: [chanel_join]", "did you mean 'channel_member_joined'?"),
        ("setings: {}", "setings: is not known here"),
        ("resources: {limit: {}}", "resources.limit: is not known here"),
        ("settings: {a: on}", "write true or false"),
    ],
    ids=["near miss", "near alias", "unknown section", "unknown key", "old truth"],
)
def test_legal_slips_are_warnings(rest: str, words: str) -> None:
    assert words in "\n".join(warnings_of(rest))


@pytest.mark.parametrize(
    "rest",
    [
        "hooks: [custom_event_occurred, shop.order_paid, message_sent, channel_join]",
        "metadata: {color: red}",
    ],
)
def test_what_is_meant_so_is_no_warning(rest: str) -> None:
    assert warnings_of(rest) == []


def test_unknown_capabilities_are_legal_labels() -> None:
    rest = "permissions: {required: [analytics_write, 'network:api.example.com']}"
    assert problems_of(rest) == []


@given(st.text(max_size=100))
def test_no_text_makes_the_reader_raise(text: str) -> None:
    reading = read_manifest(f"plugin: {{name: demo, version: 1.0}}\nsettings: {text}")
    assert (reading.manifest is None) == bool(reading.problems)
