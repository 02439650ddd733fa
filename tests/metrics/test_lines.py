import dataclasses
import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics import lines
from metrics.types import DecisionRecord, Usage
from tests.metrics.builders import make_call, make_id, make_record

GOLDEN = (
    b'{"v":1,"decision_id":"0000000000000000000001",'
    b'"started_at":"2026-11-20T12:00:00Z","key_name":"acme",'
    b'"key_prefix":"cp_live_Ab12","tag":"","rule":"default",'
    b'"requested_model":"verifier-large","served_model":"draft-small",'
    b'"draft_model":"draft-small","verifier_model":"verifier-large",'
    b'"outcome":"accepted","reason":"","confidence":0.85,"threshold":0.7,'
    b'"signals":{"prior":0.85},"calls":[{"role":"draft","provider":"anthropic",'
    b'"model":"draft-small","status":200,"usage":{"input_tokens":1200,'
    b'"output_tokens":300,"cache_read_tokens":0,"cache_write_5m_tokens":0,'
    b'"cache_write_1h_tokens":0,"web_searches":0,"tariff":"","unpriced":""},'
    b'"price":{"input_nusd":100000000,'
    b'"output_nusd":500000000,"cache_read_nusd":10000000,'
    b'"cache_write_5m_nusd":125000000,"cache_write_1h_nusd":200000000,'
    b'"web_search_nusd":null},'
    b'"cost_nusd":270000,"duration_ms":840}],"cost_nusd":270000,'
    b'"baseline_nusd":10800000,"total_ms":850,"overhead_us":900,'
    b'"first_byte_ms":845,"status":200,"stream":false,"aborted":false,'
    b'"simulated":false,"repeat":false,"endpoint":"",'
    b'"baseline_basis":"","estimate_nusd":null,"about":""}'
)


def as_record(line):
    values = {f.name: getattr(line, f.name) for f in dataclasses.fields(DecisionRecord)}
    return DecisionRecord(**values)


def test_the_format_of_a_line_is_what_it_was():
    assert lines.encode(make_record()) == GOLDEN
    assert as_record(lines.decode(GOLDEN)) == make_record()


def test_lines_of_before_searches_and_tariffs_are_loaded():
    old = GOLDEN
    for grown in (
        b',"web_searches":0,"tariff":"","unpriced":""',
        b',"web_search_nusd":null',
        b',"repeat":false,"endpoint":"","baseline_basis":"","estimate_nusd":null'
        b',"about":""',
    ):
        assert grown in old
        old = old.replace(grown, b"")
    assert as_record(lines.decode(old)) == make_record()


@given(
    text=st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
    nusd=st.none() | st.integers(0, 10**15),
    usage=st.none() | st.builds(Usage, input_tokens=st.integers(0, 10**9)),
)
def test_what_is_written_is_read_again(text, nusd, usage):
    record = make_record(
        tag=text, cost_nusd=nusd, calls=(make_call(usage=usage, status=None),)
    )
    line = lines.encode(record)
    assert b"\n" not in line
    assert as_record(lines.decode(line)) == record


def test_keys_of_a_later_version_are_passed_over():
    assert lines.decode(GOLDEN[:-1] + b',"basis":"shadow"}').rule == "default"


def test_a_signal_that_is_no_number_loses_no_decision():
    line = lines.encode(make_record(signals={"odd": math.nan}))
    assert lines.decode(line).signals == {"odd": None}


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{}",
        b"not json",
        GOLDEN[:200],
        GOLDEN.replace(b'"v":1', b'"v":2'),
        GOLDEN.replace(b'"status":200', b'"status":"ok"'),
        GOLDEN.replace(b'12:00:00Z"', b'12:00:00"'),
        GOLDEN.replace(b'"input_tokens":1200', b'"input_tokens":-1'),
    ],
)
def test_what_says_nothing_is_refused(line):
    with pytest.raises(msgspec.MsgspecError):
        lines.decode(line)


def test_identifiers_of_the_builders_are_as_long_as_real_ones():
    assert len(make_id(7)) == 22
