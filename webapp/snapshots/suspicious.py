"""Paths that look as if they held a secret. Pure; a look at names alone, so it finds some and proves nothing."""

import re

_NAMES = re.compile(
    r"""
    \.env(\..+)? | .+\.env                                     # settings of twelve-factor applications
    | id_(rsa|dsa|ecdsa|ed25519)(_sk)?                         # private keys of SSH
    | .+\.(pem|key|p12|pfx|jks|keystore|kdbx|gpg|asc|ovpn)
    | \.(netrc|pgpass|npmrc|pypirc|git-credentials|dockercfg|htpasswd|my\.cnf|vault-token|boto|s3cfg)
    | htpasswd | g?shadow | kubeconfig | credentials(\.(json|ya?ml|ini|csv|txt|xml))?
    | (secrets?|passwords?|tokens?|api[_-]?keys?)(\.[a-z0-9]+)?
    | \.?(bash|ash|zsh|sh|psql|mysql|python|node_repl)_history
    """,
    re.VERBOSE | re.IGNORECASE,
)
_FOLDERS = re.compile(r"(^|/)(run/secrets|\.ssh|\.aws|\.azure|\.gnupg|\.kube|\.docker|secrets)/", re.IGNORECASE)
_HARMLESS = re.compile(r"(.+\.pub|known_hosts|.+/ca-certificates(/.*)?/[^/]+\.(pem|crt))", re.IGNORECASE)


def looks_secret(path: str) -> bool:
    """Would a person look twice at a file of this name?"""
    name = path.rpartition("/")[2]
    if _HARMLESS.fullmatch(name) or _HARMLESS.fullmatch(path):
        return False
    return bool(_NAMES.fullmatch(name) or _FOLDERS.search(path))
