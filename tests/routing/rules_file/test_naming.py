from routing.rules_file.naming import name_for, slug


def test_a_name_is_the_model_without_what_a_slug_cannot_hold():
    assert slug("gpt-4.1") == "gpt-4-1"
    assert slug("claude-opus-5-5*") == "claude-opus-5-5"
    assert slug("*") == "any"


def test_a_second_rule_for_the_same_model_is_named_after_its_draft_too():
    assert name_for("verifier-large", "draft-small", set()) == "verifier-large"
    taken = {"verifier-large"}
    name = name_for("verifier-large", "draft-small", taken)
    assert name == "verifier-large-via-draft-small"


def test_there_is_no_name_when_both_models_are_taken():
    taken = {"verifier-large", "verifier-large-via-draft-small"}
    assert name_for("verifier-large", "draft-small", taken) is None


def test_long_names_fit_and_stay_apart():
    one, other = slug("x" * 100 + "1"), slug("x" * 100 + "2")
    assert len(one) == len(other) == 64
    assert one != other
