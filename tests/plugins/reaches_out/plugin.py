"""Tries what no plugin may, and says in the metadata how it went."""

import os
import signal
import socket

from plexichat_plugin_sdk import Plugin, hook


def connect():
    with socket.create_connection(("127.0.0.1", 80), timeout=2):
        pass


def fork():
    if os.fork() == 0:
        os._exit(0)


ATTEMPTS = {
    "read": lambda: open("/etc/passwd").read(),
    "connect": connect,
    "fork": fork,
    "kill": lambda: os.kill(os.getppid(), signal.SIGKILL),
}


class ReachesOut(Plugin):
    @hook("message_sent")
    def reach(self, message):
        try:
            ATTEMPTS[message["content"]]()
        except Exception as error:
            message["metadata"]["outcome"] = type(error).__name__
        else:
            message["metadata"]["outcome"] = "done"
        return message
