"""The probe: which layers of confinement really hold on this machine."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Probe:
    """What was found: the layers that hold, and a sentence for each that does not."""

    layers: tuple[str, ...]
    notes: tuple[str, ...]
