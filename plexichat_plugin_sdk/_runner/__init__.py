"""The runner: all that runs inside a sandbox besides the author's code.

`main` gets the sandbox's end of the control line and never returns. One thread reads control
frames, one runs the plugin's lifecycle (load, configuration, unload), and one per conversation
runs handlers; an event loop and a log sender start when first needed.

Nothing here protects anyone from the plugin: it shares the process and may change all of this.
Protection is what the kernel enforces around the process, and what the host checks outside.
"""

from __future__ import annotations

from .process import main

__all__ = ["main"]
