"""A fork of the zygote on its way to being a plugin: clean up, lock in, report, hand over."""

from __future__ import annotations

import gc
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from typing import Final, NoReturn

from plexichat_plugin_sdk._wire import WIRE_VERSION, control, framing
from plugin_runtime.sandbox.confine import sequence
from plugin_runtime.sandbox.confine.rlimits import THREAD_STACK_BYTES
from plugin_runtime.sandbox.confinement import Confinement

#: The exit status of a child that could not be locked in, or whose runner came back.
FAILED_STATUS: Final = 70
_CONTROL_DESCRIPTOR: Final = 3
#: From here on the zygote's command line names folders of the host's environment.
FIRST_FOLDER_ARGUMENT: Final = 4


def become(
    confinement: Confinement,
    control_line: socket.socket,
    *,
    parent: int,
    take_over: Callable[[socket.socket], NoReturn],
) -> NoReturn:
    """Turn this fresh fork into a sandbox and hand it to the runner; never returns.

    Whatever goes wrong ends the process here: it must never run on into the zygote's loop.
    """
    try:
        line = _keep_only(control_line)
        _forget_the_zygote()
        framed: framing.Framed[control.ToSandbox] = framing.Framed(line, control.ToSandbox)
        try:
            layers = sequence.apply(confinement, parent=parent)
        except sequence.LayerFailed as error:
            framed.send(control.NotConfined(error.layer, str(error)))
            os._exit(FAILED_STATUS)
        framed.send(control.Confined(WIRE_VERSION, layers))
        take_over(line)
    finally:
        os._exit(FAILED_STATUS)


def _keep_only(control_line: socket.socket) -> socket.socket:
    """Close every descriptor but standard streams (already nowhere) and the control line."""
    os.dup2(control_line.fileno(), _CONTROL_DESCRIPTOR, inheritable=False)
    os.closerange(_CONTROL_DESCRIPTOR + 1, os.sysconf("SC_OPEN_MAX"))
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 2)
    os.close(null)
    return socket.socket(fileno=_CONTROL_DESCRIPTOR)


def _forget_the_zygote() -> None:
    """Undo what belongs to the zygote alone: session, signal handling, path, frozen heap."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.setsid()
    # What the host has installed is not the plugin's to import; packages already loaded stay.
    host_folders = sys.argv[FIRST_FOLDER_ARGUMENT:]
    sys.path[:] = [path for path in sys.path if path not in host_folders]
    sys.argv[:] = [""]
    threading.stack_size(THREAD_STACK_BYTES)
    gc.enable()
