"""Resource limits that the kernel keeps for each process."""

from __future__ import annotations

import resource
from typing import Final

from plugin_runtime.sandbox.confinement import Confinement

#: Address space that Python, the SDK and mapped libraries reserve beyond what they touch.
DATA_SLACK_BYTES: Final = 32 * 1024 * 1024
#: A thread's stack counts as used memory from its start; glibc would take 8 MiB for each.
THREAD_STACK_BYTES: Final = 512 * 1024
#: Queued signals and POSIX message queues cost kernel memory and serve no plugin.
_QUEUED_SIGNALS: Final = 64


def apply(confinement: Confinement, *, counts_threads: bool) -> None:
    """Set every limit, soft and hard alike, and look whether they are in force.

    `RLIMIT_DATA` gives Python a `MemoryError` for a large allocation before the hard limit kills;
    it does not count shared memory, which the system call filter refuses. `counts_threads` says
    that this user is nobody else's, because `RLIMIT_NPROC` counts all threads of a user.
    """
    limits = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_DATA: _data_bytes(confinement),
        resource.RLIMIT_FSIZE: confinement.file_bytes,
        resource.RLIMIT_NOFILE: confinement.open_files,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
        resource.RLIMIT_SIGPENDING: _QUEUED_SIGNALS,
    }
    if counts_threads:
        limits[resource.RLIMIT_NPROC] = confinement.threads
    for which, wanted in limits.items():
        _, ceiling = resource.getrlimit(which)
        value = wanted if ceiling == resource.RLIM_INFINITY else min(wanted, ceiling)
        resource.setrlimit(which, (value, value))
        if resource.getrlimit(which) != (value, value):
            raise OSError(f"the kernel did not keep limit {which}")


def _data_bytes(confinement: Confinement) -> int:
    """Return the limit of private memory; reserved stacks must not eat the plugin's share."""
    stacks = confinement.threads * THREAD_STACK_BYTES
    return confinement.memory_bytes + DATA_SLACK_BYTES + stacks
