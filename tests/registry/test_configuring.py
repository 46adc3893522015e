"""Configuration: typed by the manifest's settings, merged, all or nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st
from pytest_django import Settings

from plugins_registry import queries, services
from plugins_registry.exceptions import ConfigurationRefused, PluginNotFound
from plugins_registry.merging import deep_merge
from plugins_registry.settings_types import check_values, expand
from tests.registry.conftest import Install

SETTINGS: dict[str, Any] = {
    "enabled": True,
    "days": 90,
    "ratio": 0.5,
    "title": "x",
    "domains": ["example.com"],
    "free_list": [],
    "rate_limit": {"per_minute": 60, "burst_limit": 10},
    "free_map": {},
    "anything": None,
}
MANIFEST = """\
settings:
  days: 90
  rate_limit: {per_minute: 60, burst_limit: 10}
  domains: [example.com]
  free_map: {}
"""


@pytest.mark.parametrize(
    "values",
    [
        {"enabled": False},
        {"days": -1},
        {"ratio": 2},
        {"ratio": 0.25},
        {"title": ""},
        {"domains": []},
        {"domains": ["a", "b"]},
        {"free_list": [1, "a", None, {"b": []}]},
        {"rate_limit": {"burst_limit": 5}},
        {"free_map": {"x": {"y": 1}}},
        {"anything": [1]},
        {"anything": None},
    ],
    ids=str,
)
def test_values_that_fit(values: dict[str, Any]) -> None:
    assert check_values(SETTINGS, values) == []


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"enabled": 1}, "enabled: expected true or false, got 1"),
        ({"enabled": "yes"}, "enabled: expected true or false, got 'yes'"),
        ({"days": "x"}, "days: expected a whole number, got 'x'"),
        ({"days": True}, "days: expected a whole number, got true"),
        ({"days": 1.5}, "days: expected a whole number, got 1.5"),
        ({"days": None}, "days: expected a whole number, got null"),
        ({"ratio": "1"}, "ratio: expected a number, got '1'"),
        ({"ratio": float("nan")}, "ratio: expected a number, got NaN"),
        ({"title": 5}, "title: expected text, got 5"),
        ({"domains": "a"}, "domains: expected a list, got 'a'"),
        ({"domains": ["a", 5]}, "domains[1]: expected text, got 5"),
        ({"rate_limit": 5}, "rate_limit: expected a mapping, got 5"),
        (
            {"rate_limit": {"burst_limit": "x"}},
            "rate_limit.burst_limit: expected a whole number, got 'x'",
        ),
        (
            {"rate_limit": {"burst": 1}},
            "rate_limit.burst: there is no such setting; known are: rate_limit.per_minute, "
            "rate_limit.burst_limit",
        ),
        ({"anything": float("inf")}, "anything: Infinity is not a JSON value"),
        ({"free_map": {"x": b"1"}}, "free_map.x: \"b'1'\" is not a JSON value"),
    ],
    ids=str,
)
def test_values_that_do_not_fit_are_named_with_their_path(
    values: dict[str, Any], problem: str
) -> None:
    assert check_values(SETTINGS, values) == [problem]


def test_without_declared_settings_any_json_fits() -> None:
    assert check_values({}, {"a": {"b": [1, None, "x"]}}) == []
    assert check_values({}, {"a": object()}) != []


def test_what_is_nested_too_deeply_is_refused() -> None:
    value: Any = 1
    for _ in range(20):
        value = [value]
    assert "levels deep" in check_values({}, {"a": value})[0]


def test_dotted_keys_reach_into_mappings() -> None:
    assert expand({}, {"a.b": 1, "a.c": 2, "d": 3}) == {"a": {"b": 1, "c": 2}, "d": 3}


def test_a_setting_with_a_dot_in_its_name_is_itself() -> None:
    assert expand({"a.b": 0}, {"a.b": 1}) == {"a.b": 1}


# Few keys, so that both sides share some, and small trees: large ones take the suite's time.
KEYS = st.sampled_from("abcd")
JSON = st.recursive(
    st.integers() | KEYS,
    lambda inner: st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)
MAPPINGS = st.dictionaries(KEYS, JSON, max_size=4)


@limits(deadline=None)  # a busy machine is no fault
@given(MAPPINGS, MAPPINGS)
def test_merging_changes_neither_side_and_keeps_the_upper_one(
    base: dict[str, Any], over: dict[str, Any]
) -> None:
    before = (repr(base), repr(over))
    merged = deep_merge(base, over)
    assert (repr(base), repr(over)) == before
    assert merged.keys() == base.keys() | over.keys()
    assert deep_merge(merged, over) == merged


@pytest.fixture
def _plugin(install: Install) -> None:
    install("demo", MANIFEST)


pytest_database = [pytest.mark.django_db, pytest.mark.backends, pytest.mark.usefixtures("_plugin")]


class TestStored:
    """What is stored, and what holds."""

    pytestmark = pytest_database

    def test_nothing_is_stored_at_first(self) -> None:
        assert queries.stored_config("demo") == {}
        assert queries.effective_config("demo")["days"] == 90

    def test_mappings_merge_and_lists_are_replaced(self) -> None:
        services.configure("demo", {"rate_limit.burst_limit": 5, "domains": ["a"]})
        services.configure("demo", {"rate_limit": {"per_minute": 1}})
        assert queries.stored_config("demo") == {
            "rate_limit": {"burst_limit": 5, "per_minute": 1},
            "domains": ["a"],
        }

    def test_what_holds_is_the_settings_with_the_stored_over_them(self) -> None:
        services.configure("demo", {"rate_limit.burst_limit": 5})
        effective = queries.effective_config("demo")
        assert effective["rate_limit"] == {"per_minute": 60, "burst_limit": 5}
        assert effective["domains"] == ["example.com"]

    def test_unsetting_brings_the_manifests_value_back(self) -> None:
        services.configure("demo", {"days": 1, "rate_limit.burst_limit": 5})
        services.configure("demo", {}, unset=["rate_limit.burst_limit", "days", "nothing.here"])
        assert queries.effective_config("demo")["days"] == 90
        assert queries.effective_config("demo")["rate_limit"]["burst_limit"] == 10

    def test_all_or_nothing(self) -> None:
        with pytest.raises(ConfigurationRefused, match="2 problems"):
            services.configure("demo", {"days": "x", "nothing": 1, "domains": ["a"]})
        assert queries.stored_config("demo") == {}

    def test_too_much_is_refused(self, settings: Settings) -> None:
        settings.PLEXICHAT_CONFIG_MAX_BYTES = 100
        with pytest.raises(ConfigurationRefused, match="at most 100 are stored"):
            services.configure("demo", {"free_map": {"x": "y" * 200}})

    def test_nul_is_refused_since_not_every_database_takes_it(self) -> None:
        with pytest.raises(ConfigurationRefused, match="NUL"):
            services.configure("demo", {"free_map": {"x": "a\0b"}})

    def test_a_change_counts_up(self) -> None:
        before = queries.generation()
        services.configure("demo", {"days": 1})
        assert queries.generation() == before + 1

    def test_a_plugin_that_is_not_there_has_none(self) -> None:
        assert queries.stored_config("other") == queries.effective_config("other") == {}
        with pytest.raises(PluginNotFound):
            services.configure("other", {})
