"""YAML, read strictly."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins_registry.manifest.loader import TEXT_BYTES, load, typed_scalar


def problems(text: str) -> list[str]:
    return [str(finding) for finding in load(text).problems]


def test_versions_stay_text_and_settings_have_types() -> None:
    values = load("plugin: {version: 1.10}\nsettings: {a: 1.10, b: 3, c: true, d: '3'}").values
    assert values["plugin"]["version"] == "1.10"
    assert values["settings"] == {"a": 1.1, "b": 3, "c": True, "d": "3"}


def test_lines_are_remembered() -> None:
    lines = load("plugin:\n  name: x\nhooks:\n  - a\n  - b\n").lines
    assert lines["plugin", "name"] == 2
    assert lines["hooks", 1] == 5


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: 1\nb: 2\na: 3", r"a: stands here twice; remove one of them \(line 3\)"),
        ("a: &x 1\nb: *x", "anchors and aliases are not used here"),
        ("a: &x [1]", "anchors and aliases are not used here"),
        ("a: !!python/object/apply:os.system [id]", "tag .* is not used here"),
        ("a: !mine 1", "tag '!mine' is not used here"),
        ("? [a, b]\n: 1", "a key must be plain text"),
        ("a: [", "plugin.yaml cannot be read"),
        ("a: 1\n---\nb: 2", "another document"),
        ("\0", "plugin.yaml cannot be read"),
        ("\ta: 1", "plugin.yaml cannot be read"),
        ("[" * 3000, "more than 16 levels"),
        ("a:\n" + "  - 1\n" * 6000, "more than 5000 values"),
        ("#" * TEXT_BYTES + "\n", "larger than 64 KiB"),
    ],
    ids=[
        "duplicate key",
        "alias",
        "anchor",
        "python tag",
        "own tag",
        "complex key",
        "unfinished",
        "two documents",
        "nul",
        "tab",
        "depth",
        "values",
        "size",
    ],
)
def test_what_yaml_can_do_besides_is_refused(text: str, words: str) -> None:
    assert re.search(words, problems(text)[0])


def test_a_merge_key_is_an_ordinary_key() -> None:
    document = load("settings: {'<<': {a: 1}}")
    assert document.values == {"settings": {"<<": {"a": 1}}}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("False", False),
        ("~", None),
        ("12", 12),
        ("-3", -3),
        ("1.5", 1.5),
        ("1.5e3", 1500.0),
        ("yes", "yes"),
        ("1:20", "1:20"),
        ("0x10", "0x10"),
        ("2024-01-01", "2024-01-01"),
        (".inf", ".inf"),
        ("9.9e999", "9.9e999"),
        ("1_000", "1_000"),
    ],
    ids=str,
)
def test_scalars_are_read_as_in_yaml_1_2(text: str, value: object) -> None:
    assert typed_scalar(text) == value
    assert type(typed_scalar(text)) is type(value)


def test_an_old_truth_value_is_text_with_a_warning() -> None:
    document = load("settings:\n  a: yes\n")
    assert document.values == {"settings": {"a": "yes"}}
    assert "write true or false (line 2)" in str(document.warnings[0])


@given(st.text(max_size=200))
def test_no_text_makes_the_loader_raise(text: str) -> None:
    load(text)
