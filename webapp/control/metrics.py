"""Numbers for Prometheus: counted in the database when asked, so that every process answers the same."""

from collections.abc import Iterable, Iterator

from django.db import DatabaseError
from django.db.models import Count, Model
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from webapp.control.models import PartRun
from webapp.deployments.models import Deployment, Replica
from webapp.hosts.models import Host
from webapp.images.models import Build
from webapp.jobs.models import Job
from webapp.logs import tail
from webapp.problems import Unavailable


class Counts(Collector):
    """Things by state; what Redis holds that is not archived yet. What cannot be asked is left out."""

    def collect(self) -> Iterable[Metric]:
        """Called for every scrape."""
        try:
            yield from _things()
            yield from _parts()
        except DatabaseError:
            yield _gauge("slipway_database_up", "1 when the database answers", 0)
        else:
            yield _gauge("slipway_database_up", "1 when the database answers", 1)
        yield from _redis()

    def describe(self) -> Iterable[Metric]:
        """Nothing is asked when the collector is registered."""
        return []


def _things() -> Iterator[Metric]:
    yield _by_state("slipway_jobs", "Orders to hosts", Job)
    yield _by_state("slipway_builds", "Builds", Build)
    yield _by_state("slipway_deployments", "Deployments", Deployment)
    yield _by_state("slipway_replicas", "Replicas", Replica)
    hosts = GaugeMetricFamily("slipway_hosts", "Hosts", labels=["state"])
    states = [host.state for host in Host.objects.all()]
    for state in sorted(set(states)):
        hosts.add_metric([state], states.count(state))
    yield hosts


def _parts() -> Iterator[Metric]:
    labels = ["loop", "part"]
    ran = GaugeMetricFamily("slipway_control_ran_timestamp_seconds", "When it last said so", labels=labels)
    longest = GaugeMetricFamily("slipway_control_longest_seconds", "The longest of its last runs", labels=labels)
    runs = CounterMetricFamily("slipway_control_runs", "Runs of a part of the control loops", labels=labels)
    seconds = CounterMetricFamily("slipway_control_seconds", "Time spent in it", labels=labels)
    done = CounterMetricFamily("slipway_control_done", "How much it did", labels=labels)
    failures = CounterMetricFamily("slipway_control_failures", "Runs that failed", labels=labels)
    for row in PartRun.objects.order_by("part"):
        at = [row.loop, row.part]
        ran.add_metric(at, row.ran_at.timestamp())
        longest.add_metric(at, row.longest)
        runs.add_metric(at, row.runs)
        seconds.add_metric(at, row.seconds)
        done.add_metric(at, row.done)
        failures.add_metric(at, row.failures)
    yield from (ran, longest, runs, seconds, done, failures)


def _by_state(name: str, text: str, model: type[Model]) -> Metric:
    metric = GaugeMetricFamily(name, f"{text} by state", labels=["state"])
    counted = model._default_manager.order_by().values_list("state").annotate(Count("pk"))
    for state, count in counted:
        metric.add_metric([state], count)
    return metric


def _redis() -> Iterator[Metric]:
    try:
        lag = tail.lag()
    except Unavailable:
        yield _gauge("slipway_redis_up", "1 when Redis answers", 0)
        return
    yield _gauge("slipway_redis_up", "1 when Redis answers", 1)
    yield _gauge("slipway_logs_unarchived", "Logs with lines that are in Redis only", lag.logs)
    yield _gauge("slipway_archive_lag_seconds", "For how long the first of them is due", lag.seconds)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)
