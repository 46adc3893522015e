"""What is offered: one table, redis-py's signatures, and a page that names all of it."""

from __future__ import annotations

import inspect
import re

import pytest
from redis import Redis

from plexichat.bootstrap import ROOT
from plexichat_plugin_sdk._answers.cache.doings import DOINGS
from plexichat_plugin_sdk._cache import commands
from plexichat_plugin_sdk._cache.families import AllCommands
from plexichat_plugin_sdk.cache import Cache, Lock, Pipeline

PAGE = (ROOT / "docs" / "cache.md").read_text()
OFFERED = sorted(name for name in dir(Cache) if not name.startswith("_"))


@pytest.mark.parametrize("name", OFFERED)
def test_arguments_are_those_of_redis_py(name: str) -> None:
    theirs = inspect.signature(getattr(Redis, name)).parameters
    ours = inspect.signature(getattr(Cache, name)).parameters
    assert set(ours) <= set(theirs)
    assert [theirs[each].default for each in ours] == [each.default for each in ours.values()]
    positional = [each.name for each in ours.values() if each.kind is not each.KEYWORD_ONLY]
    assert positional == list(theirs)[: len(positional)]


def test_the_page_names_what_is_offered() -> None:
    rows = re.findall(r"^\| [a-z ]+ \| (`.*) \|$", PAGE.partition("## What can go")[0], re.M)
    named = {word for row in rows for word in re.findall(r"`(\w+)`", re.sub(r"\(.*?\)", "", row))}
    extra = {"execute", "reset", "acquire", "release", "owned"}
    assert named - extra == set(OFFERED)
    assert extra <= {*dir(Pipeline), *dir(Lock)}


def test_both_stores_know_every_command() -> None:
    assert set(DOINGS) == set(commands.COMMANDS)


def test_every_command_can_be_part_of_a_pipeline() -> None:
    sent = {name for name in OFFERED if hasattr(AllCommands, name)}
    assert set(OFFERED) - sent == {"keys", "scan_iter", "lock", "pipeline", "ping"}
