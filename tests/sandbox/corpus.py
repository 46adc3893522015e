"""The escape corpus: attempts to get out, as Python texts that succeed when the plugin is free.

Each runs in a sandbox, where it must raise, and unconfined, where it must not (its control twin).
Names in the texts that are not Python's are facts of the test: paths, addresses, pids.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Attempt:
    """One way out."""

    name: str
    text: str
    #: The control twin succeeds for root only.
    needs_root: bool = False
    #: Only a private root hides this; without one it is a known, documented opening.
    needs_private_root: bool = False


def _reach(name: str, arguments: str = "0, 0, 0, 0, 0", *, needs_root: bool = False) -> Attempt:
    return Attempt(f"call_{name}", f"reach({name!r}, {arguments})", needs_root=needs_root)


FILES = (
    Attempt("read_passwd", "open('/etc/passwd').read()"),
    Attempt("read_secret", "open(secret).read()"),
    Attempt("read_project", "open(project_file).read()"),
    Attempt("read_through_link", "os.symlink(secret, 'link'); open('link').read()"),
    Attempt("read_through_hard_link", "os.link(secret, 'hard'); open('hard').read()"),
    Attempt(
        "read_through_folder_descriptor",
        "os.open('x', os.O_RDONLY, dir_fd=os.open(open_folder, os.O_RDONLY))",
    ),
    Attempt("read_host_environment", "open(f'/proc/{pid}/environ').read()"),
    Attempt("read_own_memory_file", "open('/proc/self/mem', 'rb')"),
    Attempt("read_machine_memory", "open('/proc/meminfo').read()"),
    Attempt("list_root", "os.listdir('/')"),
    Attempt("list_home", "os.listdir('/home')"),
    Attempt("list_devices", "os.listdir('/dev')"),
    Attempt("list_processes", "os.listdir('/proc')"),
    Attempt("list_system", "os.listdir('/sys')"),
    Attempt("list_descriptors", "os.listdir('/proc/self/fd')"),
    Attempt("see_host_file", "os.stat(secret)", needs_private_root=True),
    Attempt("see_system_file", "os.stat('/etc/passwd')", needs_private_root=True),
    Attempt("open_dev_zero", "open('/dev/zero', 'rb')"),
    Attempt("open_dev_full", "open('/dev/full', 'wb')"),
    Attempt("write_outside", "open(open_folder + '/new', 'w')"),
    Attempt(
        "write_temporary",
        "open('/tmp/plexichat-test', 'w').close(); os.unlink('/tmp/plexichat-test')",
    ),
    Attempt(
        "write_shared_memory",
        "open('/dev/shm/plexichat-test', 'w').close(); os.unlink('/dev/shm/plexichat-test')",
    ),
    Attempt("make_folder_outside", "os.mkdir(open_folder + '/folder')"),
    Attempt("remove_outside", "os.unlink(open_folder + '/x')"),
    Attempt("rename_outside", "os.rename(open_folder + '/y', open_folder + '/z')"),
    Attempt("truncate", "os.truncate(victim, 0)"),
    Attempt("truncate_while_reading", "os.open(victim, os.O_RDONLY | os.O_TRUNC)"),
    Attempt("change_mode_outside", "os.chmod(victim, 0o600)"),
    Attempt(
        "change_mode_of_readable_code",
        "f = os.open(wire.__file__, os.O_RDONLY); os.fchmod(f, os.fstat(f).st_mode & 0o777)",
    ),
    Attempt(
        "change_owner_of_readable_code",
        "f = os.open(wire.__file__, os.O_RDONLY); os.fchown(f, -1, os.fstat(f).st_gid)",
    ),
    Attempt("change_times_outside", "os.utime(victim, (1, 1))"),
    Attempt("change_owner_outside", "os.chown(victim, 1, 1)", needs_root=True),
    Attempt("set_id_by_chmod", "open('own', 'w').close(); os.chmod('own', 0o4755)"),
    Attempt("set_id_by_fchmod", "f = open('own', 'w'); os.fchmod(f.fileno(), 0o2755)"),
    Attempt("set_id_by_open", "os.open('born', os.O_CREAT | os.O_WRONLY, 0o4755)"),
    Attempt("set_id_by_mkdir", "reach('mkdirat', -100, b'born-folder', 0o2755)"),
    Attempt("make_fifo", "os.mkfifo('fifo')"),
    Attempt("make_device", "os.mknod('null', 0o020666, os.makedev(1, 3))", needs_root=True),
    Attempt("attributes", "reach('listxattr', b'.', None, 0)"),
    Attempt("watch_folder", "reach('inotify_init1', 0)"),
)

NETWORK = (
    Attempt("internet_socket", "socket.socket().close()"),
    Attempt("datagram_socket", "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close()"),
    Attempt("internet_6_socket", "reach('socket', 10, 1, 0)"),
    Attempt("local_socket", "socket.socket(socket.AF_UNIX).close()"),
    Attempt("netlink_socket", "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).close()"),
    Attempt("connect_to_loopback", "socket.create_connection(('127.0.0.1', port), 2).close()"),
    Attempt(
        "local_address",
        "s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.sendto(b'x', address)",
    ),
    Attempt(
        "datagram_pair",
        "a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM); a.sendto(b'x', address)",
    ),
    Attempt("packet_pair", "socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)"),
    _reach("connect", "-1, 0, 0"),
    _reach("bind", "-1, 0, 0"),
    _reach("listen", "-1, 0"),
    _reach("accept4", "-1, 0, 0, 0"),
    _reach("setsockopt", "-1, 0, 0, 0, 0"),
    Attempt(
        "larger_buffer",
        "a, b = socket.socketpair(); a.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)",
    ),
    _reach("sendto", "-1, 0, 0, 0x20000000, 0, 0"),
    _reach("sendmsg", "-1, 0, 0x20000000"),
)

PROCESSES = (
    Attempt("fork", "os.fork() or os._exit(0)"),
    Attempt("start_program", "import subprocess; subprocess.run(['/bin/true'], check=True)"),
    Attempt("posix_spawn", "os.waitpid(os.posix_spawn('/bin/true', ['true'], {}), 0)"),
    Attempt("shell", "import subprocess; subprocess.check_output('true', shell=True)"),
    Attempt(
        "multiprocessing",
        "import multiprocessing as m; p = m.get_context('fork').Process(); p.start(); p.join()",
    ),
    _reach("execve", "b'/nonexistent', None, None"),
    _reach("execveat", "-1, b'', None, None, 0"),
    Attempt("signal_host", "os.kill(pid, 0)"),
    Attempt("signal_everybody", "os.kill(-1, 0)"),
    Attempt("signal_group", "os.killpg(0, 0)"),
    Attempt("signal_thread_of_host", "reach('tgkill', pid, pid, 0)"),
    _reach("tkill", "-1, 0"),
    _reach("pidfd_open", "pid, 0"),
    _reach("pidfd_getfd", "-1, 0, 0"),
    _reach("ptrace", "2, 0x7fffffff, 0, 0"),
    _reach("process_vm_readv", "os.getpid(), 0, 0, 0, 0, 0"),
    _reach("process_vm_writev", "os.getpid(), 0, 0, 0, 0, 0"),
    _reach("kcmp", "pid, pid, 99, 0, 0"),
    Attempt("signals_by_file", "import fcntl; fcntl.fcntl(0, 8, os.getpid())"),
    Attempt("change_priority", "os.setpriority(os.PRIO_PROCESS, 0, 5)"),
    Attempt("change_user", "os.setuid(os.getuid())"),
    Attempt("change_group", "os.setgid(os.getgid())"),
    Attempt("change_groups", "os.setgroups([])", needs_root=True),
    Attempt(
        "change_limits", "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (99, 99))"
    ),
    Attempt("limits_of_others", "import resource; resource.prlimit(pid, resource.RLIMIT_NOFILE)"),
    Attempt("wait", "reach('wait4', -1, 0, 1, 0)"),
    Attempt("timer_that_wakes", "reach('timer_create', 1, 0, bytes(8))"),
)

KERNEL = (
    _reach("unshare", "0"),
    _reach("setns", "-1, 0"),
    _reach("clone3", "0, 0"),
    _reach("mount", needs_root=True),
    _reach("umount2", "0, 0", needs_root=True),
    _reach("pivot_root", "0, 0", needs_root=True),
    _reach("chroot", "0"),
    _reach("open_tree", "-1, 0, 0"),
    _reach("fsopen", "0, 0", needs_root=True),
    _reach("name_to_handle_at", "-1, 0, 0, 0, 0"),
    _reach("open_by_handle_at", "-1, 0, 0", needs_root=True),
    _reach("add_key"),
    _reach("keyctl", "0xffff, 0, 0, 0, 0"),
    _reach("request_key", "0, 0, 0, 0"),
    _reach("bpf", "99, 0, 0"),
    _reach("perf_event_open", "0, 0, 0, 0, 0"),
    _reach("userfaultfd", "0xffffff"),
    _reach("io_uring_setup", "1, 0"),
    _reach("memfd_create", "b'x', 0"),
    _reach("shmget", "0x123457, 1, 0"),
    _reach("msgget", "0x123457, 0"),
    _reach("semop", "-1, 0, 0"),
    _reach("fanotify_init", "0, 0", needs_root=True),
    _reach("personality", "0xffffffff"),
    _reach("modify_ldt", "0, 0, 0"),
    _reach("syslog", "10, 0, 0", needs_root=True),
    _reach("vmsplice", "-1, 0, 0, 0"),
    _reach("splice", "-1, 0, -1, 0, 0, 0"),
    _reach("process_madvise", "-1, 0, 0, 0, 0"),
    _reach("sched_setscheduler", "-1, 0, 0"),
    Attempt("become_dumpable", "reach('prctl', 4, 1, 0, 0, 0)"),
    Attempt("outlive_the_host", "reach('prctl', 1, 0, 0, 0, 0)"),
    Attempt("speculation", "reach('prctl', 52, 0, 0, 0, 0)"),
    Attempt("inject_keys", "reach('ioctl', 0, 0x5412, b'x')"),
    Attempt("inject_keys_high_bits", "reach('ioctl', 0, 0x5412 | 1 << 32, b'x')"),
    Attempt("shared_memory_mapping", "import mmap; mmap.mmap(-1, 4096)"),
    Attempt("shared_mapping_validated", "reach('mmap', 0, 4096, 3, 0x23, -1, 0)"),
)

ATTEMPTS = (*FILES, *NETWORK, *PROCESSES, *KERNEL)
