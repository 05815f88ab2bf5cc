"""What a release asks of a host's engine beyond running containers, against what the host says of it. Pure."""

from collections.abc import Mapping
from typing import Any

from webapp.deployments.planning.plans import Content
from webapp.deployments.settings.aspects import setting
from webapp.deployments.settings.secret_files import read_as_files


def complaint_of(facts: Mapping[str, Any], content: Content) -> str:
    """Why this host cannot, as the end of a sentence; '' when it can, or has not said."""
    settings = content.settings
    runtime = setting(settings, "isolation").get("runtime", "")
    if runtime and facts and runtime not in facts.get("runtimes", ()):
        return f"does not offer the isolation runtime {runtime}."
    if facts.get("seccomp") is False:
        return "does not filter system calls: its engine runs without seccomp."
    limits = settings.get("limits", {})
    asked = {"weight": limits.get("io_weight"), "bps": limits.get("read_bps") or limits.get("write_bps")}
    if any(value is not None and name not in facts.get("io", ()) for name, value in asked.items()):
        return "cannot bound how containers use its disk as the service's limits ask."
    if facts.get("user_namespaces") and read_as_files(setting(settings, "secret_files"), content.secrets):
        return "cannot give secrets as files: its engine has users of its own."
    return ""
