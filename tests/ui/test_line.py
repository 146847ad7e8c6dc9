import threading

import pytest

from ui.line import Busy, Line


def test_the_first_goes_at_once_and_the_second_waits_for_it():
    line = Line(3, guess=2.0)
    with line.place("a", 10) as first:
        assert first.wait(0) == (0, 0)
        with line.place("a", 5) as second:
            assert second.wait(0) == (1, 20.0)
            first.share = 0.75
            assert second.wait(0) == (1, 5.0)
            with line.place("a", 1) as third:
                assert third.wait(0) == (2, 15.0)
    with line.place("a", 1) as fourth:
        assert fourth.wait(0) == (0, 0)


def test_a_place_that_is_given_up_frees_the_next_even_after_an_error():
    line = Line(3, guess=1.0)
    with line.place("a", 1) as second_to_be:
        pass
    with pytest.raises(ZeroDivisionError), line.place("a", 1) as first:
        first.wait(0)
        _ = 1 / 0
    with line.place("a", 1) as second:
        assert second.wait(0)[0] == 0
    assert second_to_be is not second and not line._places


def test_a_full_line_says_when_to_come_back():
    line = Line(1, guess=3.0)
    full = r"1 photos are waiting already. Try again in about 45 s"
    with line.place("a", 10), line.place("a", 5), pytest.raises(Busy, match=full):
        line.place("a", 1).__enter__()
    with line.place("a", 1):
        pass


def test_the_guess_learns_by_kind(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("ui.line.time.monotonic", lambda: now[0])
    line = Line(5, guess=100.0)
    for kind, seconds in (("fast", 10), ("slow", 80)):
        with line.place(kind, 10) as place:
            place.wait(0)
            now[0] += seconds
            place.finish()
    with line.place("fast", 10), line.place("slow", 10), line.place("new", 1) as last:
        assert last.wait(0) == (2, 90.0)


def test_a_waiting_thread_is_woken():
    line, order = Line(9, guess=0.0), []
    with line.place("a", 1) as first:
        first.wait(0)

        def follow():
            with line.place("a", 1) as second:
                order.append(second.wait(30)[0])

        thread = threading.Thread(target=follow)
        thread.start()
        while len(line._places) < 2:
            pass
        order.append("first is done")
    thread.join(5)
    assert order == ["first is done", 0]


def test_work_is_done_in_one_thread_and_its_errors_come_back():
    line = Line(1, guess=0)
    here = threading.get_ident()
    first, second = line.run(threading.get_ident), line.run(threading.get_ident)
    assert first == second != here
    with pytest.raises(ZeroDivisionError):
        line.run(divmod, 1, 0)
