"""What an honest plugin does: texts that must all succeed inside a sandbox."""

from __future__ import annotations

HONEST = {
    "import_late": "import wave, sqlite3, decimal, csv, html.parser, zipfile, email.message",
    "write_scratch": "open('note', 'w').write('x'); assert open('note').read() == 'x'",
    "change_scratch": "os.mkdir('a'); os.rename('a', 'b'); os.symlink('b', 'c'); os.rmdir('b')",
    "temporary_file": "import tempfile; tempfile.NamedTemporaryFile().write(b'x')",
    "database_file": """
import sqlite3
connection = sqlite3.connect('x.db')
connection.execute('PRAGMA journal_mode=WAL')
connection.execute('CREATE TABLE t (x)')
connection.commit()
connection.close()
""",
    "threads": """
import threading
threads = [threading.Thread(target=int) for _ in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
""",
    "event_loop": "import asyncio; asyncio.run(asyncio.sleep(0.001))",
    "thread_in_loop": "import asyncio; asyncio.run(asyncio.to_thread(int))",
    "stream_pair": "a, b = socket.socketpair(); a.sendall(b'x'); assert b.recv(1) == b'x'",
    "socket_options": """
a, b = socket.socketpair()
a.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
""",
    "certificates": """
import ssl
context = ssl.create_default_context()
assert 'SSL_CERT_FILE' not in os.environ or context.get_ca_certs()
""",
    "random": "import secrets; secrets.token_hex(); open('/dev/urandom', 'rb').read(1)",
    "null_device": "open('/dev/null', 'w').write('x')",
    "time_zone": "import zoneinfo, time; time.localtime()",
    "own_limits": "import resource; resource.getrlimit(resource.RLIMIT_DATA)",
    "own_map": "open('/proc/self/maps').read()",
    "signal_oneself": """
import signal
signal.signal(signal.SIGUSR1, lambda *_: None)
os.kill(os.getpid(), signal.SIGUSR1)
""",
    "private_mapping": """
import mmap
mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
""",
    "deep_recursion_in_thread": """
import json, threading
texts = []
def nest():
    texts.append(repr(json.loads('[' * 900 + ']' * 900)))
thread = threading.Thread(target=nest)
thread.start()
thread.join()
assert texts
""",
    "no_environment": """
known = {'HOME', 'TMPDIR', 'LC_CTYPE', 'SSL_CERT_FILE', 'REQUESTS_CA_BUNDLE'}
known |= {'OPENBLAS_NUM_THREADS', 'OMP_NUM_THREADS', 'MKL_NUM_THREADS'}
assert set(os.environ) <= known, set(os.environ)
""",
    "no_descriptors": """
for number in range(4, 64):
    try:
        os.fstat(number)
    except OSError:
        continue
    raise AssertionError(number)
""",
    "no_host_packages": "import importlib.util as u; assert u.find_spec('django') is None",
}
