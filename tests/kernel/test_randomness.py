"""Streams repeat for ever: these numbers are in journals that were written long ago."""

from tradingfarm.kernel.randomness import stream


def test_a_stream_gives_these_numbers_and_no_others():
    numbers = stream(7, "paper", "tfp0", 1)

    assert [numbers.random() for _ in range(3)] == [
        0.7476334690785714,
        0.9909736637597449,
        0.48744448051263056,
    ]


def test_another_name_or_seed_is_another_stream():
    first = {
        stream(seed, *names).random() for seed, *names in ((1, "a"), (2, "a"), (1, "b"), (1,))
    }

    assert len(first) == 4


def test_names_are_not_glued_together():
    assert stream(1, "ab", "c").random() != stream(1, "a", "bc").random()


def test_numbers_and_their_text_name_the_same_stream():
    assert stream(1, 2).random() == stream(1, "2").random()
