"""What a container's processes may do beyond running: an allow-list, in the kernel's and the engine's own words."""

import re

from runtime.contract.message import Strict

# What may ever be added back after all capabilities were dropped, whoever asks; names without CAP_. None of them
# reaches beyond the container: no devices, no tracing, no modules, no networks of the host, no administration.
ADDABLE = frozenset(
    {
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "IPC_LOCK",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "NET_RAW",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
        "SYS_NICE",
    }
)
# What an engine gives a container of which nothing is said: orders of before there were words for it.
ENGINES_OWN = ADDABLE - {"IPC_LOCK", "SYS_NICE"}

MAX_TMPFS = 10
MAX_ID = 2**31 - 1
USER = re.compile(r"(?:[a-z_][a-z0-9_.-]{0,31}|[0-9]{1,10})(?::(?:[a-z_][a-z0-9_.-]{0,31}|[0-9]{1,10}))?")
RUNTIME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,39}")
TMPFS_PATH = re.compile(r"(?:/[A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}){1,10}")


class Tmpfs(Strict, frozen=True, kw_only=True):
    """A folder in memory, empty at each start, of at most so many bytes; they count as the container's memory."""

    path: str
    size: int


class Isolation(Strict, frozen=True, kw_only=True):
    """All capabilities are dropped but these; the system calls are the engine's own list always."""

    capabilities: tuple[str, ...] = ()
    no_new_privileges: bool = True
    read_only: bool = False  # the root, with what is not a mount of its own
    tmpfs: tuple[Tmpfs, ...] = ()
    user: str = ""  # uid or name, and :gid or :group; empty: the image's own
    runtime: str = ""  # by the name that the engine knows it by; empty: the engine's own choice
