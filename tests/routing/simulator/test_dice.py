from routing.simulator.dice import Dice


def test_the_same_digest_and_purpose_give_the_same_draws():
    first, second = Dice(b"d", "p"), Dice(b"d", "p")
    assert [first.below(100) for _ in range(9)] == [second.below(100) for _ in range(9)]


def test_another_purpose_gives_other_draws():
    assert Dice(b"d", "p").word(24) != Dice(b"d", "q").word(24)


def test_draws_do_not_change_between_releases():
    assert Dice(b"digest", "purpose").word(8) == "SayUhtu7"


def test_shares_lie_between_zero_and_one():
    dice = Dice(b"d", "p")
    shares = [dice.share() for _ in range(500)]
    assert 0 <= min(shares) < 0.1
    assert 0.9 < max(shares) < 1


def test_a_sample_holds_each_option_once():
    assert sorted(Dice(b"d", "p").sample("abc", 5)) == ["a", "b", "c"]
    assert len(Dice(b"d", "p").sample("abc", 2)) == 2


def test_a_word_has_its_length():
    assert len(Dice(b"d", "p").word(24)) == 24
    assert Dice(b"d", "p").word(24).isalnum()
