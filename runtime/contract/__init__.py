"""The treaty between the control plane and the hosts: messages, states, names.

Imports the standard library and msgspec, nothing else. It is the only part of `runtime` that `webapp` may import.
"""

CONTRACT_VERSION = 1
