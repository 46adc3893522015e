"""Whether the parts answer: the page that a load balancer and an admin's script ask."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from plexichat import heartbeat
from plugin_runtime.supervisor.health import is_answering

logger = logging.getLogger(__name__)

OK = "ok"
SILENT = "does not answer"


def _database_answers() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return True


#: Every part and how it is asked. A part that raises counts as silent.
CHECKS: dict[str, Callable[[], bool]] = {
    "database": _database_answers,
    "supervisor": is_answering,
    "worker": heartbeat.is_fresh,
}


def check() -> dict[str, str]:
    """Ask every part; return its name with `ok` or `does not answer`."""
    return {name: OK if _answers(name, ask) else SILENT for name, ask in CHECKS.items()}


def _answers(name: str, ask: Callable[[], bool]) -> bool:
    try:
        return ask()
    except Exception:  # a wall: whatever a broken part raises, the page itself must answer
        logger.warning("health check failed", extra={"part": name}, exc_info=True)
        return False


@require_safe
def healthz(_request: HttpRequest) -> JsonResponse:
    """Answer 200 when all parts answer, else 503 with the silent ones named."""
    parts = check()
    well = all(answer == OK for answer in parts.values())
    body = {"status": OK if well else "failing", **parts}
    return JsonResponse(body, status=200 if well else 503, headers={"Cache-Control": "no-store"})
