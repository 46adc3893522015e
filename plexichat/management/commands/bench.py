"""`manage.py bench`: measures, prints a table, and keeps the numbers as JSON."""

from __future__ import annotations

import json
import platform
import time
from importlib import import_module
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser


class Command(BaseCommand):
    """Runs the modules of `benchmarks/` that have a `run()`; see `benchmarks/__init__.py`."""

    help = "Run the benchmarks (all, or those named) and write benchmarks/results/*.json."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take names."""
        parser.add_argument("names", nargs="*", metavar="NAME")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run one benchmark after the other; never two at once."""
        folder: Path = settings.BASE_DIR / "benchmarks"
        known = sorted(path.stem for path in folder.glob("[!_]*.py"))
        unknown = sorted(set(options["names"]) - set(known))
        if unknown:
            raise CommandError(f"no benchmark {', '.join(unknown)}; there are {', '.join(known)}")
        measured = {name: self._run(name) for name in options["names"] or known}
        self._keep(folder / "results", measured)

    def _run(self, name: str) -> list[dict[str, Any]]:
        module = import_module(f"benchmarks.{name}")
        self.stdout.write(f"\n{name}: {(module.__doc__ or '').splitlines()[0]}")
        results = module.run()
        for result in results:
            aim = f"   aim {result.aim}" if result.aim else ""
            self.stdout.write(f"  {result.name:<52} {result.value:>12,.2f} {result.unit}{aim}")
        return [result.to_json() for result in results]

    def _keep(self, folder: Path, measured: dict[str, list[dict[str, Any]]]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / time.strftime("%Y%m%d-%H%M%S.json", time.gmtime())
        machine = {"python": platform.python_version(), "machine": platform.platform()}
        path.write_text(json.dumps({"machine": machine, "results": measured}, indent=2) + "\n")
        self.stdout.write(f"\nwritten: {path.relative_to(settings.BASE_DIR)}")
