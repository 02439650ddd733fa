import re
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from metrics import price_book, price_snapshot

pytestmark = pytest.mark.django_db
PAGE = "/reports/calculator/"
GUIDE = Path(__file__).parents[2] / "docs" / "savings.md"


@pytest.fixture(autouse=True)
def _prices():
    price_snapshot.load(price_snapshot.read())


def shown(client, query=None):
    """What the page's tables say, by the heading of the row."""
    response = client.get(PAGE, query)
    assert response.status_code == 200
    text = response.content.decode()
    return text, dict(
        re.findall(r'<th scope="row">(.+?)</th><td[^>]*>(.+?)</td>', text)
    )


def test_it_reckons_at_once_with_usual_values(admin_client):
    _, figures = shown(admin_client)
    assert figures["Verifier only"].startswith("$")
    assert figures["Break-even acceptance"].endswith("%")


def test_the_example_of_the_guide_is_what_the_page_says(admin_client):
    guide = GUIDE.read_text()
    query = parse_qs(re.search(r"/reports/calculator/\?([^`\s]+)`", guide)[1])
    _, figures = shown(admin_client, {name: value[0] for name, value in query.items()})
    part = guide[guide.index("### Calculator") :].partition("\n## ")[0]
    told = re.findall(r"^\| (.+?) \| (.+?) \|$", part, re.MULTILINE)
    rows = {name: value for name, value in told if name in figures}
    assert rows == figures


def test_all_of_it_is_in_the_address(admin_client):
    query = {
        "requests": "7",
        "prompt_tokens": "120000",
        "output_tokens": "0",
        "cached": "99.5",
        "acceptance": "12.5",
        "checks": "10",
        "draft": "anthropic/claude-haiku-4-5",
        "verifier": "anthropic/claude-sonnet-5-5",
    }
    text, _ = shown(admin_client, query)
    for name in ("requests", "prompt_tokens", "output_tokens", "cached", "checks"):
        assert re.search(rf'name="{name}" value="{query[name]}"', text)
    for name in ("draft", "verifier"):
        assert f'<option value="{query[name]}" selected>' in text


def test_a_long_prompt_is_charged_at_its_tier_and_the_page_says_so(admin_client):
    long, figures = shown(admin_client, {"prompt_tokens": "100001"})
    short, before = shown(admin_client, {"prompt_tokens": "100000"})
    assert "all tokens of the draft" in long
    assert "all tokens of the draft" not in short
    ratio = float(figures["Draft"][1:]) / float(before["Draft"][1:])
    assert ratio == pytest.approx(5, rel=0.01)


def test_an_unknown_price_is_said_and_nothing_is_reckoned_from_it(admin_client):
    text, figures = shown(admin_client, {"draft": "anthropic/nobody-knows"})
    assert "Nobody has entered a price for the draft" in text
    assert figures["With the cascade"] == figures["Net saving"] == "unknown"
    assert figures["Verifier only"] != "unknown"


@pytest.mark.parametrize(
    "query", [{"requests": "0"}, {"acceptance": "101"}, {"prompt_tokens": "many"}]
)
def test_a_wrong_value_gets_a_word_and_no_figure(admin_client, query):
    text, figures = shown(admin_client, query)
    assert 'class="errorlist"' in text
    assert figures == {}


def test_names_are_those_that_have_a_price():
    names = price_book.load().names()
    assert "anthropic/claude-haiku-5-5" in names
    assert names == sorted(set(names))
    assert not [name for name in names if "*" in name]


def test_it_is_for_account_readers(client):
    assert client.get(PAGE).status_code == 302
