import threading
import time

import pytest

from ui.queue import Busy, Queue


def test_the_first_goes_at_once_and_the_second_waits_for_it():
    queue = Queue(3, guess=2.0)
    with queue.place("a", 10) as first:
        assert first.wait(0) == (0, 0)
        with queue.place("a", 5) as second:
            assert second.wait(0) == (1, 20.0)
            first.share = 0.75
            assert second.wait(0) == (1, 5.0)
            with queue.place("a", 1) as third:
                assert third.wait(0) == (2, 15.0)
    with queue.place("a", 1) as fourth:
        assert fourth.wait(0) == (0, 0)


def test_a_place_that_is_given_up_frees_the_next_even_after_an_error():
    queue = Queue(3, guess=1.0)
    with queue.place("a", 1) as second_to_be:
        pass
    with pytest.raises(ZeroDivisionError), queue.place("a", 1) as first:
        first.wait(0)
        _ = 1 / 0
    with queue.place("a", 1) as second:
        assert second.wait(0)[0] == 0
    assert second_to_be is not second and not queue._places


def test_a_full_line_says_when_to_come_back():
    queue = Queue(1, guess=3.0)
    full = r"1 photos are waiting already. Try again in about 45 s"
    with queue.place("a", 10), queue.place("a", 5), pytest.raises(Busy, match=full):
        queue.place("a", 1).__enter__()
    with queue.place("a", 1):
        pass


def test_the_guess_learns_by_kind(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("ui.queue.time.monotonic", lambda: now[0])
    queue = Queue(5, guess=100.0)
    for kind, seconds in (("fast", 10), ("slow", 80)):
        with queue.place(kind, 10) as place:
            place.wait(0)
            now[0] += seconds
            place.finish()
    with queue.place("fast", 10), queue.place("slow", 10), queue.place("new", 1) as last:
        assert last.wait(0) == (2, 90.0)


def test_a_waiting_thread_is_woken():
    queue, order = Queue(9, guess=0.0), []
    with queue.place("a", 1) as first:
        first.wait(0)

        def follow():
            with queue.place("a", 1) as second:
                order.append(second.wait(30)[0])

        thread = threading.Thread(target=follow)
        thread.start()
        while len(queue._places) < 2:
            pass
        order.append("first is done")
    thread.join(5)
    assert order == ["first is done", 0]


def threads(count: int):
    for _ in range(count):
        yield threading.get_ident()


def test_work_is_done_in_one_thread_and_its_errors_come_back():
    queue = Queue(1, guess=0)
    here = threading.get_ident()
    seen = {*queue.work(threads(1)), *queue.work(threads(3))}
    assert len(seen) == 1 and here not in seen

    def failing():
        yield 1
        _ = 1 / 0

    with pytest.raises(ZeroDivisionError):
        list(queue.work(failing()))


def test_the_first_value_comes_at_once():
    working = threading.Event()

    def slow():
        yield "first"
        working.wait(5)
        yield "last"

    work = Queue(1, guess=0).work(slow())
    assert next(work) == "first" and not working.is_set()
    working.set()
    assert list(work) == ["last"]


def test_the_last_value_always_comes_and_the_newest_now_and_then(monkeypatch):
    monkeypatch.setattr("ui.queue.SECONDS_BETWEEN_UPDATES", 0.05)

    def slow():
        for i in range(8):
            time.sleep(0.02)
            yield i

    values = list(Queue(1, guess=0).work(slow()))
    assert values == sorted(values) and 1 < len(values) < 8
    assert values[-1] == 7
    assert list(Queue(1, guess=0).work(iter_nothing())) == []


def iter_nothing():
    yield from ()


def test_work_that_nobody_wants_any_more_is_closed():
    closed = threading.Event()

    def endless():
        try:
            while True:
                time.sleep(0.01)
                yield 1
        finally:
            closed.set()

    work = Queue(1, guess=0).work(endless())
    next(work)
    work.close()
    assert closed.wait(5)
