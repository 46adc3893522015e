"""What people read when uv fails; its words are recorded from real runs."""

from __future__ import annotations

import pytest

from plugins_registry.dependencies.explaining import (
    WORDS_CHARACTERS,
    explained,
    is_network_trouble,
)
from plugins_registry.dependencies.locks import is_complete, packages_of
from plugins_registry.dependencies.requirements import lines_of, pins_of, wheel_problem

HASH = f"    --hash=sha256:{'0' * 64}"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            "error: Failed to download `tiny==1.2`\n  cause: Hash mismatch for `tiny==1.2`\n\n"
            "         Expected:\n           sha256:0000",
            "the file of tiny==1.2 is not the one whose SHA-256 was locked",
        ),
        (
            "error: Failed to fetch: https://nowhere.invalid/simple/six/\n  cause: dns error",
            "the package index cannot be reached",
        ),
        (
            "error: Failed to fetch: https://x.invalid/six/\n  cause: HTTP status client error "
            "(403 Forbidden)",
            "the package index refuses access",
        ),
        (
            "  cause: Because tiny==1.2 has no wheels with a matching Python implementation tag "
            "(e.g., `cp311`) and only tiny==1.2 is available",
            "there is no wheel of tiny==1.2 for Python",
        ),
        (
            "  cause: Because tiny==3.0 has no usable wheels and you require tiny==3.0",
            "there is no wheel of tiny==3.0",
        ),
        (
            "  cause: Because only tiny==1.2 is available and you require tiny>5, we can conclude",
            "there is no tiny>5, only tiny==1.2",
        ),
        ("  cause: Because there is no version of tiny==9 and you require", "there is no tiny==9"),
        ("  cause: Because zzz was not found in the package registry", "no package 'zzz'"),
        ("error: failed to write: No space left on device (os error 28)", "the disk is full"),
        ("error: something new", "its packages do not fit together or cannot be installed"),
    ],
    ids=["hash", "away", "denied", "tag", "source", "only", "none", "unknown", "disk", "else"],
)
def test_the_reason_is_a_sentence_with_uvs_words_behind(words: str, sentence: str) -> None:
    said = explained(words)
    assert said.startswith(f"dependencies.packages: {sentence}")
    assert "uv says: " in said
    assert "\n" not in said


def test_nobodys_password_is_quoted_and_words_are_bounded() -> None:
    said = explained("Failed to fetch: https://ada:hush@index.invalid/six " + "x" * 5000)
    assert "hush" not in said
    assert "index.invalid" in said
    assert len(said) < WORDS_CHARACTERS + 400


@pytest.mark.parametrize(
    ("words", "is_trouble"),
    [
        ("Failed to fetch: x cause: dns error", True),
        ("operation timed out", True),
        ("Failed to fetch: x (401 Unauthorized)", False),
        ("No solution found", False),
    ],
)
def test_only_an_index_that_is_away_is_worth_another_try(words: str, is_trouble: bool) -> None:
    assert is_network_trouble(words) is is_trouble


def test_a_lock_is_exact_and_has_a_hash_for_everything() -> None:
    lock = f"numpy==2.4.6 \\\n{HASH} \\\n{HASH}\nsix==1.17.0 ; python_version > '3' \\\n{HASH}\n"
    assert is_complete(lock)
    assert [str(package) for package in packages_of(lock)] == ["numpy 2.4.6", "six 1.17.0"]


@pytest.mark.parametrize(
    "lock",
    ["six==1.0\n", f"six>=1.0 \\\n{HASH}\n", f"six @ file:///x \\\n{HASH}\n", "-e .\n"],
    ids=["no hash", "range", "address", "option"],
)
def test_anything_else_is_no_lock(lock: str) -> None:
    assert not is_complete(lock)


def test_bundled_wheels_are_pinned_unless_there_are_several() -> None:
    names = ["six-1.17.0-py2.py3-none-any.whl", "a_b-1-py3-none-any.whl", "a_b-2-py3-none-any.whl"]
    assert pins_of(names) == "six==1.17.0\n"
    assert wheel_problem(names[0]) is None
    assert "not the name of a wheel" in str(wheel_problem("six.whl"))


def test_requirements_are_written_one_a_line() -> None:
    assert lines_of(["numpy >= 1.21", "pandas[excel]"]) == "numpy>=1.21\npandas[excel]\n"
