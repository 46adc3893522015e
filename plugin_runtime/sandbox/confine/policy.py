"""The policy: which system calls a plugin may make, and with which arguments.

An allow list. What is not named answers ENOSYS, as an older kernel would, so that libraries fall
back (`clone3` to `clone`, `openat2` to `openat`); what is named as refused answers EPERM, so that
Python raises a clear `PermissionError`. What a plugin needs from outside it is handed as an open
descriptor: nothing here opens a way to anywhere.
"""

from __future__ import annotations

import errno
import functools
from collections.abc import Iterable, Iterator
from typing import Final

from .bpf import (
    ALLOW,
    Check,
    Condition,
    Masked,
    NotMasked,
    OneOf,
    PairOneOf,
    Verdict,
    errno_action,
    program,
)
from .syscalls import Architecture, here


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_REFUSED: Final = errno_action(errno.EPERM)
_UNKNOWN: Final = errno_action(errno.ENOSYS)

#: Harmless on descriptors, memory, time and threads of one's own; files are Landlock's business.
ALLOWED: Final = _words(
    "read readv pread64 preadv write writev pwrite64 pwritev lseek close close_range fstat "
    "newfstatat stat lstat statx fstatfs access faccessat faccessat2 readlink readlinkat getcwd "
    "chdir fchdir getdents64 getdents rmdir unlink unlinkat rename renameat renameat2 link "
    "linkat symlink symlinkat ftruncate fallocate fsync fdatasync flock fadvise64 "
    "copy_file_range sendfile dup dup2 dup3 pipe pipe2 umask mprotect munmap mremap "
    "madvise brk msync mincore membarrier mlock munlock poll ppoll select pselect6 epoll_create "
    "epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 eventfd2 eventfd "
    "timerfd_create timerfd_settime timerfd_gettime futex futex_waitv set_robust_list "
    "set_tid_address rseq arch_prctl sched_yield sched_getaffinity getcpu gettid getpid getppid "
    "getuid geteuid getgid getegid getresuid getresgid getgroups getpgrp getpgid getsid "
    "getpriority sched_getparam sched_getscheduler sched_get_priority_max "
    "sched_get_priority_min rt_sigaction rt_sigprocmask rt_sigreturn rt_sigtimedwait "
    "rt_sigpending rt_sigsuspend sigaltstack restart_syscall alarm setitimer getitimer pause "
    "nanosleep "
    "clock_nanosleep clock_gettime clock_getres gettimeofday time times getrusage sysinfo uname "
    "getrandom exit exit_group recvfrom recvmsg shutdown getsockname getpeername "
    "getsockopt mbind get_mempolicy"
)

#: Refused aloud: network, other processes, the kernel's administration and its favourite holes.
#: Among them `timer_create`, whose signals would wake a process that the processor watch paused.
REFUSED: Final = _words(
    "socket connect bind listen accept accept4 execve execveat fork vfork ptrace "
    "process_vm_readv process_vm_writev kcmp pidfd_open pidfd_getfd pidfd_send_signal "
    "rt_sigqueueinfo rt_tgsigqueueinfo tkill mount umount2 pivot_root chroot unshare setns "
    "move_mount open_tree fsopen fsmount fsconfig keyctl add_key request_key io_uring_setup "
    "io_uring_enter io_uring_register userfaultfd bpf perf_event_open truncate memfd_create "
    "memfd_secret shmget shmat shmctl semget semop msgget msgsnd msgrcv inotify_init "
    "inotify_init1 inotify_add_watch fanotify_init fanotify_mark name_to_handle_at "
    "open_by_handle_at settimeofday clock_settime clock_adjtime adjtimex sethostname "
    "setdomainname reboot swapon swapoff syslog acct quotactl init_module finit_module "
    "delete_module kexec_load iopl ioperm mknod mknodat setuid setgid setreuid setregid "
    "setresuid setresgid setgroups setfsuid setfsgid capset setpgid setsid setrlimit "
    "setpriority ioprio_set sched_setscheduler sched_setparam sched_setattr migrate_pages "
    "move_pages process_madvise chown lchown fchownat setxattr lsetxattr fsetxattr removexattr "
    "lremovexattr vmsplice splice tee personality modify_ldt wait4 waitid getxattr lgetxattr "
    "listxattr statfs timer_create"
)

#: Refused too where files of other owners could be touched; see `_own_file_checks`.
#: A descriptor opened for reading is enough to change modes, of the host's own code too.
OWN_FILES: Final = _words("chmod fchmod fchmodat fchmodat2 fchown utime utimes utimensat futimesat")

_SET_ID_BITS: Final = 0o6000
_O_TRUNCATE: Final = 0o1000
_O_ACCESS_MODE: Final = 0o3

#: A thread shares memory, signal handlers and thread group; a fork does not.
_CLONE_NEEDED: Final = 0x0001_0900
#: What glibc and musl ask for beyond that; no namespace, no tracing, no other parent.
_CLONE_PERMITTED: Final = 0x007D_0F00

_MAP_SHARED_ANONYMOUS: Final = 0x21
_AF_UNIX: Final = 1
#: `SOCK_STREAM`, with close-on-exec and non-blocking. A datagram pair could send to any path.
_STREAM_TYPES: Final = (0x1, 0x8_0001, 0x801, 0x8_0801)
#: TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX.
_IOCTLS: Final = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
#: F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GETLK, F_SETLK, F_SETLKW, F_OFD_GETLK,
#: F_OFD_SETLK, F_OFD_SETLKW, F_DUPFD_CLOEXEC, F_GETPIPE_SZ. Never F_SETOWN: it sends signals.
_FCNTLS: Final = (0, 1, 2, 3, 4, 5, 6, 7, 36, 37, 38, 1030, 1032)
#: Level and option: what HTTP clients set on a connection that was handed in. SO_KEEPALIVE,
#: TCP_NODELAY, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT, TCP_USER_TIMEOUT, TCP_QUICKACK. Never
#: buffer sizes (memory that nobody counts), IP options, devices, marks, repair or upper protocols.
_SOCKET_OPTIONS: Final = ((1, 9), (6, 1), (6, 4), (6, 5), (6, 6), (6, 18), (6, 12))
#: Sending with it connects a socket that is not, or no longer, connected.
_MSG_FASTOPEN: Final = 0x2000_0000
#: PR_GET_DUMPABLE, PR_SET_NAME, PR_GET_NAME, PR_GET_SECCOMP, PR_GET_NO_NEW_PRIVS.
_PRCTLS: Final = (3, 15, 16, 21, 39)


@functools.cache
def compile_program(*, owns_its_files: bool) -> bytes:
    """Return the policy as a filter for this machine; the same for every sandbox.

    `owns_its_files` says that an own uid or a private root keeps the plugin from touching others'
    files, so that it may change modes and times of its own. Raises `UnknownArchitecture`.
    """
    architecture = here()
    verdicts = verdicts_for(architecture, owns_its_files=owns_its_files)
    return program(architecture, verdicts, default=_UNKNOWN)


def compile_own_pid_program(pid: int) -> bytes:
    """Return the small second filter that lets signals go to one's own process only.

    The kernel runs every installed filter and takes the strictest answer.
    """
    architecture = here()
    own_pid = Check((OneOf(0, (pid,)),), _REFUSED)
    numbers = _numbers(architecture, ("kill", "tgkill"))
    verdicts: dict[int, Verdict] = dict.fromkeys(numbers, own_pid)
    return program(architecture, verdicts, default=ALLOW)


def verdicts_for(architecture: Architecture, *, owns_its_files: bool) -> dict[int, Verdict]:
    """Return the policy by call number."""
    verdicts: dict[int, Verdict] = {
        **dict.fromkeys(_numbers(architecture, ALLOWED), ALLOW),
        **dict.fromkeys(_numbers(architecture, (*REFUSED, *OWN_FILES)), _REFUSED),
    }
    checks = _checks() | (_own_file_checks() if owns_its_files else {})
    for name, conditions in checks.items():
        for number in _numbers(architecture, (name,)):
            verdicts[number] = Check(conditions, _REFUSED) if conditions else ALLOW
    return verdicts


def _checks() -> dict[str, tuple[Condition, ...]]:
    """Return the calls that are allowed with some arguments only."""
    clone_mask = (~_CLONE_PERMITTED & 0xFFFF_FFFF_FFFF_FFFF) | _CLONE_NEEDED
    return {
        "clone": (Masked(0, clone_mask, _CLONE_NEEDED),),
        "ioctl": (OneOf(1, _IOCTLS),),
        "fcntl": (OneOf(1, _FCNTLS),),
        "prctl": (OneOf(0, _PRCTLS),),
        "socketpair": (OneOf(0, (_AF_UNIX,)), OneOf(1, _STREAM_TYPES)),
        "setsockopt": (PairOneOf(1, _SOCKET_OPTIONS),),
        "sendto": (NotMasked(3, _MSG_FASTOPEN, _MSG_FASTOPEN),),
        "sendmsg": (NotMasked(2, _MSG_FASTOPEN, _MSG_FASTOPEN),),
        # Shared anonymous memory does not count as the process's own and dodges RLIMIT_DATA.
        "mmap": (NotMasked(3, _MAP_SHARED_ANONYMOUS, _MAP_SHARED_ANONYMOUS),),
        # Reading one's own limits; a limit may never be written.
        "prlimit64": (OneOf(0, (0,)), OneOf(2, (0,))),
        "kill": (),  # `compile_own_pid_program` narrows these two
        "tgkill": (),
        "open": (*_no_truncation_without_writing(1), _no_set_id_bits(2)),
        "openat": (*_no_truncation_without_writing(2), _no_set_id_bits(3)),
        "creat": (_no_set_id_bits(1),),
        "mkdir": (_no_set_id_bits(1),),
        "mkdirat": (_no_set_id_bits(2),),
    }


def _own_file_checks() -> dict[str, tuple[Condition, ...]]:
    return {
        "chmod": (_no_set_id_bits(1),),
        "fchmod": (_no_set_id_bits(1),),
        "fchown": (),
        "fchmodat": (_no_set_id_bits(2),),
        "fchmodat2": (_no_set_id_bits(2),),
        "utime": (),
        "utimes": (),
        "utimensat": (),
        "futimesat": (),
    }


def _no_truncation_without_writing(flags: int) -> tuple[Condition, ...]:
    """Opening read-only with O_TRUNC empties a file that Landlock before version 3 lets open.

    Access mode 3 ("neither") is the other spelling of the same trick.
    """
    mask = _O_ACCESS_MODE | _O_TRUNCATE
    return (
        NotMasked(flags, mask, _O_TRUNCATE),
        NotMasked(flags, mask, _O_TRUNCATE | _O_ACCESS_MODE),
    )


def _no_set_id_bits(mode: int) -> Condition:
    return Masked(mode, _SET_ID_BITS, 0)


def _numbers(architecture: Architecture, names: Iterable[str]) -> Iterator[int]:
    """Yield the numbers of those calls that this architecture has."""
    for name in names:
        number = architecture.number(name)
        if number is not None:
            yield number
