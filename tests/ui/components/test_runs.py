"""A page waits for one run of a tab: what it turned away from ends, and nothing else does."""

from types import SimpleNamespace

from ui.components.runs import Runs

PAGE, OTHER = SimpleNamespace(session_hash="a"), SimpleNamespace(session_hash="b")


def test_a_new_run_ends_the_page_s_former_one_only():
    runs, closed = Runs(), []

    def work(name: str):
        try:
            yield from range(3)
        finally:
            closed.append(name)

    first = runs.followed(PAGE, runs.begin(PAGE), work("first"))
    other = runs.followed(OTHER, runs.begin(OTHER), work("other"))
    assert next(first) == next(other) == 0
    second = runs.followed(PAGE, runs.begin(PAGE), work("second"))
    assert list(first) == [] and closed == ["first"]
    assert list(second) == [0, 1, 2] and list(other) == [1, 2]
    assert not runs.waited_for(PAGE)


def test_whether_a_run_was_turned_away_from_is_known():
    runs, ends = Runs(), []

    def follow(number: int):
        ends.append((yield from runs.followed(PAGE, number, iter_of(2))))

    def iter_of(count: int):
        yield from range(count)

    assert list(follow(runs.begin(PAGE))) == [0, 1]
    stopped = follow(runs.begin(PAGE))
    assert next(stopped) == 0
    runs.end(PAGE)
    assert list(stopped) == [] and ends == [False, True]


def test_a_word_on_the_photo_before_is_older_than_the_next_photo_s_run():
    runs = Runs()
    before = runs.begin(PAGE)
    assert not runs.is_younger(PAGE, before)
    runs.begin(PAGE)
    assert runs.is_younger(PAGE, before) and not runs.is_younger(OTHER, before)
    assert not runs.is_younger(PAGE, runs.end(PAGE))
