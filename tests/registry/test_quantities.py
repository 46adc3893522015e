"""Kubernetes quantities."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins_registry.manifest.quantities import (
    BadQuantity,
    cpu_millicores,
    memory_bytes,
    written_cpu,
    written_memory,
)


@pytest.mark.parametrize(
    ("text", "millicores"),
    [("500m", 500), ("0.5", 500), ("2", 2000), ("1m", 1), ("0.001", 1), ("1.25", 1250)],
    ids=str,
)
def test_cpu_is_read_in_millicores(text: str, millicores: int) -> None:
    assert cpu_millicores(text) == millicores


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("256Mi", 256 * 1024**2),
        ("1Gi", 1024**3),
        ("1G", 1000**3),
        ("1048576", 1048576),
        ("1.5Ki", 1536),
        ("1k", 1000),
    ],
    ids=str,
)
def test_memory_is_read_in_bytes(text: str, count: int) -> None:
    assert memory_bytes(text) == count


@pytest.mark.parametrize(
    "text",
    ["", "0", "0m", "-1", "1 core", "1e3", "0.0001", "500M", "1_0", "\u0661", "1\n", "nan"],
)
def test_what_is_no_cpu_quantity_is_refused(text: str) -> None:
    with pytest.raises(BadQuantity):
        cpu_millicores(text)


@pytest.mark.parametrize(
    "text", ["", "0", "0Mi", "-1Gi", "1 Gigabyte", "256m", "1KI", "1Ki\n", "1e9", "inf", "٣Gi"]
)
def test_what_is_no_memory_quantity_is_refused(text: str) -> None:
    with pytest.raises(BadQuantity):
        memory_bytes(text)


def test_the_refusal_says_how_to_write_it() -> None:
    with pytest.raises(BadQuantity, match="'1 Gigabyte' is not a quantity; write it like '512Mi'"):
        memory_bytes("1 Gigabyte")


@given(st.integers(min_value=1, max_value=10**8))
def test_written_cpu_reads_back(millicores: int) -> None:
    assert cpu_millicores(written_cpu(millicores)) == millicores


@given(st.integers(min_value=1, max_value=2**45))
def test_written_memory_reads_back(count: int) -> None:
    assert memory_bytes(written_memory(count)) == count


@given(st.text())
def test_any_text_is_a_quantity_or_refused_politely(text: str) -> None:
    for read in (cpu_millicores, memory_bytes):
        with suppress(BadQuantity):
            assert read(text) > 0
