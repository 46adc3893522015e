"""Numbers for Prometheus, on an address of their own.

The listener is off unless PLEXICHAT_METRICS_ADDRESS names one: numbers about users and plugins
do not belong on the public address.
"""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import Histogram, start_http_server
from prometheus_client.core import REGISTRY, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from plexichat import health
from plugins_registry import queries

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_REQUESTS = Histogram(
    "plexichat_http_request_seconds",
    "Time to answer a request, waiting for a thread included.",
    ["method", "status"],
)


def request_answered(method: str, status: int, seconds: float) -> None:
    """Count one answered request. Unknown methods share a label: clients can invent many."""
    known = method if method in _METHODS else "other"
    _REQUESTS.labels(known, f"{status // 100}xx").observe(seconds)


class CannotListen(Exception):
    """The address for Prometheus is taken or not ours."""


class PlatformCollector(Collector):
    """Asks, at each scrape, which parts answer and how each plugin does."""

    def describe(self) -> Iterator[Metric]:
        """Name nothing in advance, so that registering does not ask the database."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Yield the current state."""
        parts = GaugeMetricFamily("plexichat_part_up", "Whether a part answers.", labels=["part"])
        for name, answer in health.check().items():
            parts.add_metric([name], float(answer == health.OK))
        yield parts
        yield _plugins()


def _plugins() -> Metric:
    active = GaugeMetricFamily(
        "plexichat_plugin_active",
        "Whether an enabled plugin is active.",
        labels=["plugin", "version", "state"],
    )
    for plugin in queries.board().plugins:
        state = str(plugin.state)
        active.add_metric([plugin.name, plugin.version, state], float(state == "active"))
    return active


def listen(address: str) -> None:
    """Serve the numbers at `host:port` from a thread of its own; no address, no listener.

    Raises CannotListen.
    """
    if not address:
        return
    host, _, port = address.rpartition(":")
    try:
        start_http_server(int(port), addr=host or "127.0.0.1")
    except (OSError, OverflowError) as error:
        raise CannotListen(
            f"cannot serve numbers on {address}: {error}. Each process needs a "
            "PLEXICHAT_METRICS_ADDRESS of its own; leave it empty for none."
        ) from error
    REGISTRY.register(PlatformCollector())
