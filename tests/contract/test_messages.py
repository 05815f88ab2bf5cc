"""How messages look on the wire. What stands here is what hosts of this contract's version read: it never changes."""

import msgspec
import pytest

from runtime.contract.container import ContainerSpec, Health, Limits, Port, Restart, VolumeMount
from runtime.contract.enrollment import Enrolled, EnrollRequest, Proof, enrollment_words, proof_words, read_proof
from runtime.contract.isolation import Isolation, Tmpfs
from runtime.contract.message import Strict, whole
from runtime.contract.orders import BuildImage, ConvergeService, LoadImage, Order, ReplicaSpec, ReplicaVolume
from runtime.contract.reports import Finish, ImageResult, Layer, Problem, Progress, Step, encode
from runtime.contract.routes import Http, OwnCertificate, Route
from runtime.contract.source import GitSource, InlineSource, SavedSource
from runtime.procedures.converge_plan import spec_hash

IMAGE = f"sha256:{'ab' * 32}"
SPEC = ContainerSpec(
    image=IMAGE,
    command=("serve", "--port", "8080"),
    variables={"B": "2", "A": "1"},
    secrets={"TOKEN": "deploy"},
    ports=(Port(container=8080, host=80),),
    health=Health(kind="http", port=8080),
    limits=Limits(memory=64 * 1024 * 1024),
    restart=Restart(policy="on-failure"),
)
CONVERGE = ConvergeService(
    deployment=None,
    project="p",
    service="s",
    service_slug="web",
    environment="e",
    environment_slug="dev",
    release="r",
    generation=3,
    spec=ContainerSpec(image=IMAGE),
    replicas=(ReplicaSpec(replica="r1", index=1, log="l"),),
)

GOLDEN: list[tuple[Strict, str]] = [
    (
        BuildImage(build="b", number=7, tag="slipway/a/b:7", source=InlineSource(dockerfile="FROM scratch\n")),
        '{"kind":"build_image","build":"b","number":7,"tag":"slipway/a/b:7",'
        '"source":{"kind":"dockerfile","dockerfile":"FROM scratch\\n"}}',
    ),
    (
        BuildImage(
            build="b", number=7, tag="t", source=GitSource(url="https://git.example.org/a", ref="main"), timeout=60
        ),
        '{"kind":"build_image","build":"b","number":7,"tag":"t",'
        '"source":{"kind":"git","url":"https://git.example.org/a","ref":"main"},"timeout":60}',
    ),
    (
        BuildImage(
            build="b",
            number=7,
            tag="t",
            source=GitSource(
                url="ssh://git@git.example.org/a", deploy_key="deploy-key/a", known_hosts="h k x\n", submodules=True
            ),
        ),
        '{"kind":"build_image","build":"b","number":7,"tag":"t","source":{"kind":"git",'
        '"url":"ssh://git@git.example.org/a","deploy_key":"deploy-key/a","known_hosts":"h k x\\n","submodules":true}}',
    ),
    (
        LoadImage(
            build="b",
            number=7,
            tag="slipway/a/b:7",
            source=SavedSource(digest=IMAGE, size=9, format="tar.gz"),
            timeout=60,
        ),
        '{"kind":"load_image","build":"b","number":7,"tag":"slipway/a/b:7",'
        f'"source":{{"kind":"saved","digest":"{IMAGE}","size":9,"format":"tar.gz"}},"timeout":60}}',
    ),
    (
        CONVERGE,
        '{"kind":"converge_service","deployment":null,"project":"p","service":"s","service_slug":"web",'
        '"environment":"e","environment_slug":"dev","release":"r","generation":3,'
        f'"spec":{{"image":"{IMAGE}"}},"replicas":[{{"replica":"r1","index":1,"log":"l"}}]}}',
    ),
    (
        msgspec.structs.replace(
            CONVERGE,
            spec=ContainerSpec(image=IMAGE, volumes=(VolumeMount(name="data", path="/d", read_only=True),)),
            replicas=(
                ReplicaSpec(
                    replica="r1", index=1, log="l", volumes=(ReplicaVolume(name="data", volume="v", known=True),)
                ),
            ),
        ),
        '{"kind":"converge_service","deployment":null,"project":"p","service":"s","service_slug":"web",'
        '"environment":"e","environment_slug":"dev","release":"r","generation":3,'
        f'"spec":{{"image":"{IMAGE}","volumes":[{{"name":"data","path":"/d","read_only":true}}]}},'
        '"replicas":[{"replica":"r1","index":1,"log":"l","volumes":[{"name":"data","volume":"v","known":true}]}]}',
    ),
    (
        Http(
            port=8080,
            routes=(Route(host="shop.example.com"), Route(host="*.example.com", path="/api")),
            tls="own",
            certificates=(OwnCertificate(certificate="c", secret="certificate/c"),),
        ),
        '{"port":8080,"routes":[{"host":"shop.example.com"},{"host":"*.example.com","path":"/api"}],"tls":"own",'
        '"certificates":[{"certificate":"c","secret":"certificate/c"}]}',
    ),
    (
        ContainerSpec(
            image=IMAGE,
            secret_files={"TOKEN": "deploy"},
            limits=Limits(nofile=1024, io_weight=100, read_bps=5, write_bps=6),
            isolation=Isolation(
                capabilities=("CHOWN",),
                no_new_privileges=False,
                read_only=True,
                tmpfs=(Tmpfs(path="/tmp", size=9),),
                user="1000",
                runtime="runsc",
            ),
        ),
        f'{{"image":"{IMAGE}","limits":{{"nofile":1024,"io_weight":100,"read_bps":5,"write_bps":6}},'
        '"isolation":{"capabilities":["CHOWN"],"no_new_privileges":false,"read_only":true,'
        '"tmpfs":[{"path":"/tmp","size":9}],"user":"1000","runtime":"runsc"},"secret_files":{"TOKEN":"deploy"}}',
    ),
    (ContainerSpec(image=IMAGE, isolation=Isolation()), f'{{"image":"{IMAGE}","isolation":{{}}}}'),
    (
        msgspec.structs.replace(CONVERGE, surge=2, unavailable=1, until="proved"),
        '{"kind":"converge_service","deployment":null,"project":"p","service":"s","service_slug":"web",'
        '"environment":"e","environment_slug":"dev","release":"r","generation":3,'
        f'"spec":{{"image":"{IMAGE}"}},"replicas":[{{"replica":"r1","index":1,"log":"l"}}],'
        '"surge":2,"unavailable":1,"until":"proved"}',
    ),
    (
        EnrollRequest(contract=1, code="sle_c", key="k", signature="s"),
        '{"contract":1,"code":"sle_c","key":"k","signature":"s"}',
    ),
    (
        Enrolled(host="h", credential="slh_x", broker="redis://r/0"),
        '{"host":"h","credential":"slh_x","broker":"redis://r/0"}',
    ),
    (
        Progress(steps=[Step(number=1, name="Get", state="running", started_ns=5)]),
        '{"steps":[{"number":1,"name":"Get","state":"running","started_ns":5}]}',
    ),
    (
        Finish(
            state="succeeded",
            last_line=9,
            result=ImageResult(image_id="i", digest=None, size=1, layers=[Layer(instruction="ADD", size=1)]),
        ),
        '{"state":"succeeded","last_line":9,"result":{"kind":"image","image_id":"i","digest":null,"size":1,'
        '"layers":[{"instruction":"ADD","size":1}]}}',
    ),
]


@pytest.mark.parametrize(("message", "text"), GOLDEN)
def test_a_message_looks_as_it_always_did(message: Strict, text: str) -> None:
    assert encode(message).decode() == text
    assert msgspec.json.decode(text, type=type(message)) == message
    assert msgspec.json.encode(msgspec.to_builtins(message)).decode() == text


def test_the_hash_of_a_specification_is_what_it_always_was() -> None:
    """A container whose label is another hash is replaced: a changed one here replaces every container that runs."""
    assert spec_hash(SPEC) == "a26921eec29976bfaaad28ae88fc169b"
    assert spec_hash(ContainerSpec(image=IMAGE)) == "a6f100df1d368a876d2993784c762449"


def test_a_specification_that_says_its_defaults_has_the_hash_of_one_that_does_not() -> None:
    told = {"image": IMAGE, "health": {"interval": 1.0, "path": "/"}, "limits": {"memory": 536870912}, "ports": []}
    assert spec_hash(msgspec.convert(told, type=ContainerSpec)) == spec_hash(ContainerSpec(image=IMAGE))


def test_a_new_field_with_a_default_is_not_told_to_a_host_that_does_not_know_it() -> None:
    class Newer(Strict, frozen=True, kw_only=True):
        container: int
        host: int | None = None
        protocol: str = "tcp"
        address: str = "127.0.0.1"

    said = "127.0.0." + "1"  # equal to the default, and another object
    assert msgspec.json.decode(encode(Newer(container=1, address=said)), type=Port) == Port(container=1)
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(encode(Newer(container=1, address="::1")), type=Port)


def test_an_order_is_read_by_its_kind() -> None:
    assert msgspec.json.decode(encode(CONVERGE), type=Order) == CONVERGE


def test_what_is_kept_and_shown_says_its_defaults_too() -> None:
    assert whole(Problem(code="c", whose="us", message="m")) == {
        "code": "c", "whose": "us", "message": "m", "advice": "", "retry_helps": False, "step": None, "evidence": []
    }  # fmt: skip


def test_what_a_host_signs_is_what_it_always_was() -> None:
    assert enrollment_words(code="sle_c") == b"slipway enrollment 1\nsle_c"
    words = proof_words(host_id="h", door="/ingest/claims/", time=5, nonce="n", body_sha256="ab")
    assert words == b"slipway proof 1\nh\n/ingest/claims/\n5\nn\nab"


@pytest.mark.parametrize("header", ["", "1.n.s", "x" * 500, "1.aaaaaaaaaaaaaaaa." + "A" * 88 + "\n", "\u0661.a.b"])
def test_what_is_no_proof_is_read_as_none(header: str) -> None:
    assert read_proof(header) is None
    proof = Proof(1_796_000_000_000, "a_nonce-of-some-length", b"\x07" * 64)
    assert read_proof(proof.header()) == proof
