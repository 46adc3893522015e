"""How often clients may ask, where a view names its `throttle_scope`."""

from __future__ import annotations

from rest_framework.throttling import ScopedRateThrottle

from plexichat.chat.counts import counts


class ScopedThrottle(ScopedRateThrottle):
    """DRF's own, which goes on counting while the shared cache is away."""

    cache = counts
