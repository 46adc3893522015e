"""One contract, two hosts: what passes with `MockContext` passes on the server."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from pprint import pformat
from typing import Any

import pytest

from plugin_runtime.gateway import speaking
from tests.conformance.checks import CHECKS, Check
from tests.conformance.database_checks import DATABASE_CHECKS
from tests.conformance.worlds import MockWorld, ServerWorld
from tests.platform import running_platform

ALL = (*DATABASE_CHECKS, *CHECKS)


@pytest.fixture
def mock() -> Iterator[MockWorld]:
    world = MockWorld()
    yield world
    world.close()


@pytest.fixture
def server(
    transactional_db: None,
    tmp_path: Path,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[ServerWorld]:
    folder = Path(tempfile.mkdtemp(prefix="plx-"))
    settings.PLEXICHAT_HOME = folder
    speaking.budgets.forget()
    with running_platform(tmp_path) as platform:
        yield ServerWorld(platform, monkeypatch)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize("check", ALL, ids=lambda check: check.__name__)
def test_the_mock_keeps_the_contract(mock: MockWorld, check: Check) -> None:
    check(mock)


@pytest.mark.backends
@pytest.mark.slow
def test_the_server_does_the_same(server: ServerWorld) -> None:
    mock = MockWorld()
    different: dict[str, Any] = {}
    for check in ALL:
        mock.context.activate()
        expected, found = check(mock), _outcome(check, server)
        if expected != found:
            different[check.__name__] = [
                pair for pair in zip_longest(_parts(expected), _parts(found)) if pair[0] != pair[1]
            ]
    mock.close()
    assert not different, pformat(different, width=160)


def _outcome(check: Check, world: ServerWorld) -> Any:
    try:
        return check(world)
    except AssertionError as error:
        return [f"failed: {error}", error.__traceback__]


def _parts(outcome: Any) -> list[Any]:
    """What is told apart in a failure's words."""
    if isinstance(outcome, dict):
        return list(outcome.items())
    return list(outcome) if isinstance(outcome, list | tuple) else [outcome]
