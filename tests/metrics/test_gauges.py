import pytest

from metrics import instruments
from metrics.gauges import Backlog, MeasuredQuality, OpenBreakers, PausedRules
from metrics.instruments import OTHER, NameLimit
from metrics.quality_figures import Quality


def test_every_open_breaker_is_a_sample_of_the_gauge():
    collector = OpenBreakers(lambda: [("main", "draft-small"), ("main", "draft-other")])
    (gauge,) = collector.collect()
    assert {tuple(sample.labels.values()) for sample in gauge.samples} == {
        ("main", "draft-small"),
        ("main", "draft-other"),
    }
    assert {sample.value for sample in gauge.samples} == {1}


def test_no_open_breaker_is_no_sample():
    (gauge,) = OpenBreakers(list).collect()
    assert gauge.samples == []


def test_every_paused_rule_is_a_sample_of_its_gauge():
    (gauge,) = PausedRules(lambda: ["second", "first", "first"]).collect()
    assert [sample.labels["rule"] for sample in gauge.samples] == ["first", "second"]
    assert {sample.value for sample in gauge.samples} == {1}


@pytest.mark.parametrize(
    ("quality", "samples"),
    [
        (Quality(labels=40, share=0.9, low=0.8, high=0.95), [0.9, 0.8, 0.95]),
        (Quality(labels=9, share=None, low=None, high=None), []),
        (None, []),
    ],
)
def test_quality_has_a_sample_when_it_was_measured(quality, samples):
    (gauge,) = MeasuredQuality(lambda: quality).collect()
    assert [sample.value for sample in gauge.samples] == samples


def test_models_beyond_the_limit_are_one_sample(monkeypatch):
    monkeypatch.setattr(instruments, "model_label", NameLimit(limit=1))
    targets = [("main", f"made-up-{number}") for number in range(3)]
    (gauge,) = OpenBreakers(lambda: targets).collect()
    labels = [tuple(sample.labels.values()) for sample in gauge.samples]
    assert labels == [("main", "made-up-0"), ("main", OTHER)]


@pytest.mark.parametrize(("waiting", "samples"), [(7, [7]), (0, [0]), (None, [])])
def test_a_backlog_nobody_knows_has_no_sample(waiting, samples):
    (gauge,) = Backlog(lambda: waiting).collect()
    assert [sample.value for sample in gauge.samples] == samples
