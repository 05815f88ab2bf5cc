"""What can go wrong with an engine, translated once at the edge: whose it is, whether trying again
helps, the evidence.
"""

from typing import ClassVar, Literal

from runtime.contract.reports import Problem

MAX_EVIDENCE_LINES = 40
MAX_EVIDENCE_CHARACTERS = 2000

Whose = Literal["user", "host", "us"]


class EngineError(Exception):
    """The engine said no, in words we do not know better. Base of all engine errors."""

    code: ClassVar[str] = "engine_error"
    whose: ClassVar[Whose] = "host"
    retry_helps: ClassVar[bool] = False
    advice: ClassVar[str] = ""

    def __init__(self, message: str, *, evidence: list[str] | None = None) -> None:
        super().__init__(message)
        self.message = message[:MAX_EVIDENCE_CHARACTERS]
        self.evidence = [line[:MAX_EVIDENCE_CHARACTERS] for line in (evidence or [])[-MAX_EVIDENCE_LINES:]]

    def problem(self) -> Problem:
        """The same as a report carries it."""
        return Problem(
            code=self.code,
            whose=self.whose,
            message=self.message,
            advice=self.advice,
            retry_helps=self.retry_helps,
            evidence=self.evidence,
        )


class EngineUnavailable(EngineError):
    """Nobody answers at the engine's address, or it broke off."""

    code = "engine_unavailable"
    retry_helps = True
    advice = "Check that the container engine runs on this host and that the worker may open its socket."


class EngineTimeout(EngineError):
    """The engine took the question and did not answer in time. What was asked for may still
    happen.
    """

    code = "engine_timeout"
    retry_helps = True
    advice = "The host may be overloaded or the engine may hang; look at its load and its log."


class NotFound(EngineError):
    """No such image, container or network."""

    code = "not_found"


class Conflict(EngineError):
    """The name is taken, or the thing is in use."""

    code = "conflict"


class BadRequest(EngineError):
    """The engine cannot do what was asked, e.g. the command does not exist in the image."""

    code = "refused_by_engine"
    whose = "user"


class PortTaken(EngineError):
    """The wanted port of the host belongs to somebody else."""

    code = "port_taken"
    whose = "user"
    advice = "Choose another host port, or let the engine choose one."


class NoNetworkLeft(EngineError):
    """The engine has given all its address ranges to networks; there is one network an environment."""

    code = "no_network_left"
    advice = (
        "Give the engine more address ranges (default-address-pools in its daemon.json), or remove networks that "
        "nothing uses any more."
    )


class DiskFull(EngineError):
    """No space left on the host's disk."""

    code = "disk_full"
    retry_helps = True
    advice = "Free space on the host, for example by deleting builds that are not needed any more."


class BuildFailed(EngineError):
    """The build ended with an error of its own: `evidence` holds the failing step's last lines."""

    code = "build_failed"
    whose = "user"

    def __init__(self, message: str, *, step: str = "", evidence: list[str] | None = None) -> None:
        super().__init__(message, evidence=evidence)
        self.step = step


class BaseUnreachable(EngineError):
    """A build starts from an image that this host does not have, and its registry does not answer."""

    code = "base_unreachable"
    retry_helps = True
    advice = (
        "Without a registry, start from slipway/busybox:1, which Slipway makes on every host: FROM slipway/busybox:1. "
        "Otherwise let this host's engine reach the registry, then build again."
    )


class NoSecretMounts(EngineError):
    """A build needs secrets, and this host's builder cannot mount them."""

    code = "build_secrets_unsupported"
    advice = (
        "Install BuildKit on this host (docker-buildx, or a Docker command line of version 18 to 22) and restart its "
        "worker, or build on a host that has it."
    )


class BuildTimeout(EngineError):
    """The build took longer than it may."""

    code = "build_timeout"
    whose = "user"
    advice = "Raise the build's time limit, or make the build do less."


class WorkTimeout(EngineError):
    """What was to be done took longer than it may."""

    code = "timeout"
    retry_helps = True
    advice = "Try again; if it takes as long again, look at the network and the load of this host."


class WorkCancelled(EngineError):
    """The caller's `cancelled` said yes; the work was stopped."""

    code = "cancelled"
    whose = "user"


class RegistryRefused(EngineError):
    """The registry does not let us: no credential, a wrong one, or one without the right."""

    code = "registry_refused"
    whose = "user"
    advice = "Check the user and password kept for this registry, and what they may pull and push there."


class NotInRegistry(EngineError):
    """The registry has no such image, or does not show it to us."""

    code = "not_in_registry"
    whose = "user"
    advice = "Check the image's name and tag. A private image also needs the registry's user and password."


class RegistryUnreachable(EngineError):
    """Nobody answers at the registry's address, or not as a registry does."""

    code = "registry_unreachable"
    retry_helps = True
    advice = (
        "Check the registry's name, that it runs, and that this host's engine reaches it and trusts its certificate."
    )


class RegistryLimited(EngineError):
    """The registry gives us no more for now."""

    code = "registry_limited"
    whose = "user"
    retry_helps = True
    advice = "Wait, or use a credential: registries allow more to those they know."
