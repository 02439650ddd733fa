"""Gauges that are reckoned at a scrape: the same whichever worker is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from metrics import instruments
from metrics.quality_figures import Quality


class OpenBreakers(Collector):
    """The gauge of circuit breakers that are open at the moment of a scrape.

    `targets` yields the provider and model of each, as all workers know them: a gauge
    that each worker set for itself would be wrong in the others.
    """

    def __init__(self, targets: Callable[[], Iterable[tuple[str, str]]]) -> None:
        self._targets = targets

    def collect(self) -> Iterator[Metric]:
        """Yield the gauge; what is not open has no sample."""
        gauge = GaugeMetricFamily(
            "cascadeproxy_breaker_open",
            "1 while the circuit breaker of a model is open; no sample when it is not.",
            labels=("provider", "model"),
        )
        labels = {
            (provider, instruments.model_label(name))
            for provider, name in self._targets()
        }
        for each in sorted(labels):
            gauge.add_metric(each, 1)
        yield gauge


class PausedRules(Collector):
    """The gauge of rules that ask no drafts because too few are accepted.

    `rules` yields the name of each, as the keeper's sums have it.
    """

    def __init__(self, rules: Callable[[], Iterable[str]]) -> None:
        self._rules = rules

    def collect(self) -> Iterator[Metric]:
        """Yield the gauge; a rule that is not paused has no sample."""
        gauge = GaugeMetricFamily(
            "cascadeproxy_rule_paused",
            "1 while a rule asks no drafts because they cost more than they save.",
            labels=("rule",),
        )
        for rule in sorted({instruments.rule_label(name) for name in self._rules()}):
            gauge.add_metric((rule,), 1)
        yield gauge


class MeasuredQuality(Collector):
    """The gauge of how good accepted drafts are, with the interval it lies in.

    `quality` returns the share and its bounds; None while nobody knows.
    """

    def __init__(self, quality: Callable[[], Quality | None]) -> None:
        self._quality = quality

    def collect(self) -> Iterator[Metric]:
        """Yield the gauge; it has no sample with too few labels."""
        gauge = GaugeMetricFamily(
            "cascadeproxy_measured_quality_ratio",
            "Share of accepted drafts of seven days that were not worse than the "
            "verifier's answer, and the ends of its 95 % interval.",
            labels=("end",),
        )
        found = self._quality()
        if found is not None:
            ends = {"share": found.share, "low": found.low, "high": found.high}
            for end, value in ends.items():
                if value is not None:
                    gauge.add_metric((end,), value)
        yield gauge


class Backlog(Collector):
    """The gauge of what the journal holds that is not in the database yet.

    It is the same whichever worker is asked, so it is reckoned at a scrape.
    """

    def __init__(self, waiting_bytes: Callable[[], int | None]) -> None:
        self._waiting_bytes = waiting_bytes

    def collect(self) -> Iterator[Metric]:
        """Yield the gauge; it has no sample while nobody knows."""
        gauge = GaugeMetricFamily(
            "cascadeproxy_journal_waiting_bytes",
            "Bytes of decisions in the journal that are not in the database yet.",
        )
        waiting = self._waiting_bytes()
        if waiting is not None:
            gauge.add_metric((), waiting)
        yield gauge
