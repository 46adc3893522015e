"""Paths: their templates, and who may claim which."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins_registry.claims import (
    ANY,
    CORE_PREFIXES,
    BadTemplate,
    clashes_with_core,
    find_clashes,
    overlaps,
    parse_template,
)


def test_a_template_becomes_segments() -> None:
    assert parse_template("/api/v1/x/{id}/y") == ("api", "v1", "x", ANY, "y")


@pytest.mark.parametrize(
    "path",
    [
        "",
        "api/v1/x",
        "/other/x",
        "/api",
        "/api/",
        "/api//x",
        "/api/x//",
        "/api/../x",
        "/api/./x",
        "/api/x?y=1",
        "/api/x#y",
        "/api/a b",
        "/api/%2e%2e/x",
        "/api/{}",
        "/api/{a",
        "/api/a{b}",
        "/api/{a}{b}",
        "/api/{a}/{a}",
        "/api/{a:int}",
        "/api/x\n",
        "/api/é",
        "/api/" + "x" * 300,
    ],
)
def test_a_malformed_template_is_refused(path: str) -> None:
    with pytest.raises(BadTemplate):
        parse_template(path)


@pytest.mark.parametrize(
    ("one", "other", "is_overlap"),
    [
        ("/api/a/{x}", "/api/a/b", True),
        ("/api/a/{x}", "/api/a/{y}", True),
        ("/api/{x}/b", "/api/a/{y}", True),
        ("/api/a/b", "/api/a/b/", True),
        ("/api/a/b", "/api/a/c", False),
        ("/api/a/{x}", "/api/a", False),
        ("/api/a/{x}", "/api/b/{x}", False),
    ],
)
def test_templates_overlap_when_a_path_matches_both(
    one: str, other: str, *, is_overlap: bool
) -> None:
    assert overlaps(parse_template(one), parse_template(other)) is is_overlap
    assert overlaps(parse_template(other), parse_template(one)) is is_overlap


@pytest.mark.parametrize(
    "path", ["/api/v1/users", "/api/v1/auth/x", "/api/v1/{x}", "/api/{a}/messages/x", "/api/schema"]
)
def test_the_servers_own_paths_cannot_be_covered(path: str) -> None:
    assert clashes_with_core(path) in CORE_PREFIXES


@pytest.mark.parametrize("path", ["/api/v1/usersx", "/api/v2/users", "/api/v1", "/ws/chatter"])
def test_neighbours_of_the_servers_paths_are_free(path: str) -> None:
    assert clashes_with_core(path) is None


def test_a_clash_names_both_sides() -> None:
    (clash,) = find_clashes(["/api/a/{x}", "/api/z"], {"first": ["/api/a/b", "/api/c"]})
    assert (clash.path, clash.owner, clash.other) == ("/api/a/{x}", "first", "/api/a/b")


@given(st.text(max_size=60))
def test_any_path_is_a_template_or_refused_politely(text: str) -> None:
    for path in (text, f"/api/{text}"):
        with suppress(BadTemplate):
            assert parse_template(path)
