"""Does tasks one after the other here, or side by side in processes that share the cores."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait as wait_for
from typing import Any

from sr.batch import Job, Line, Task, work
from sr.inference import Cancelled
from sr.inference.engine import Step

AHEAD = 2  # tasks that each process has at hand, so that it never waits for the next
TRIES = 2  # that a photo has alone, after a process has ended that may have worked on it


def cores() -> int:
    """Those that this process may use."""
    has = getattr(os, "sched_getaffinity", None)
    return len(has(0)) if has else os.cpu_count() or 1


def here(
    tasks: list[Task], job: Job, stop: Any, progress: Callable[[Step], None]
) -> Iterator[Line]:
    """Each task's line, done in this process. It ends after the strip in which `stop` is set."""

    def checked(step: Step) -> None:
        _check(stop)
        progress(step)

    for task in tasks:
        try:
            _check(stop)
            yield work.do(task, job, checked)
        except Cancelled:
            return


def side_by_side(tasks: list[Task], job: Job, jobs: int, stop: Any) -> Iterator[Line]:
    """Each task's line, as it is done, by `jobs` processes. `stop` is as in `here`.

    If a process ends, new ones begin, and what was being worked on is done again: one by one, so
    that a photo which ends its process is found, and told as failed.
    """
    waiting, suspects, tries = deque(tasks), deque(), Counter()
    while (waiting or suspects) and not stop.is_set():
        pool = _Pool(job, jobs, stop)
        try:
            yield from pool.alone(suspects, tries)
            yield from pool.together(waiting)
        except BrokenProcessPool:
            suspects.extend(pool.running.values())
        finally:
            pool.end()


class _Pool:
    """Processes for as long as they all live; BrokenProcessPool comes when one has ended."""

    def __init__(self, job: Job, jobs: int, stop: Any) -> None:
        context = multiprocessing.get_context("spawn")
        self.job, self.jobs, self.stop = job, jobs, stop
        self.event = context.Event()  # tells the processes
        self.running: dict[Future, Task] = {}
        options = {"initializer": _begin, "initargs": (job, max(1, cores() // jobs), self.event)}
        self.executor = ProcessPoolExecutor(jobs, mp_context=context, **options)

    def together(self, waiting: deque[Task]) -> Iterator[Line]:
        """The lines of the tasks, which are taken as they are begun."""
        while self.running or (waiting and not self.stop.is_set()):
            while waiting and len(self.running) < AHEAD * self.jobs and not self.stop.is_set():
                self._submit(waiting)
            yield from self._done()

    def alone(self, suspects: deque[Task], tries: Counter[Task]) -> Iterator[Line]:
        """The same for tasks of which one may have ended its process."""
        while suspects and not self.stop.is_set():
            if tries[suspects[0]] == TRIES:
                yield work.begun(suspects.popleft(), self.job) | {"error": work.LOST}
                continue
            tries[suspects[0]] += 1
            self._submit(suspects)
            while self.running:
                yield from self._done()

    def _submit(self, tasks: deque[Task]) -> None:
        """Begin the first of the tasks; it stays among them if that fails."""
        self.running[self.executor.submit(_do, tasks[0])] = tasks[0]
        tasks.popleft()

    def _done(self) -> Iterator[Line]:
        """The lines that have come; within a second it is seen that the work is to stop."""
        if self.stop.is_set():
            self.event.set()
        done, _ = wait(self.running, timeout=1, return_when=FIRST_COMPLETED)
        for future in done:
            line = future.result()
            del self.running[future]
            if line is not None:
                yield line

    def end(self) -> None:
        """End the processes after their strip."""
        self.event.set()
        self.executor.shutdown(cancel_futures=True)


_state: dict[str, Any] = {}


def _begin(job: Job, threads: int, stop: Any) -> None:
    """Make a new process ready; it ends with the one that began it, and leaves Ctrl-C to it."""
    import torch

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    torch.set_num_threads(threads)
    _state.update(job=job, stop=stop)


def _end_with_parent() -> None:
    wait_for([multiprocessing.parent_process().sentinel])
    os._exit(1)


def _do(task: Task) -> Line | None:
    """A task's line; None if the work is to stop."""
    try:
        _check(_state["stop"])
        return work.do(task, _state["job"], lambda step: _check(_state["stop"]))
    except Cancelled:
        return None


def _check(stop: Any) -> None:
    if stop.is_set():
        raise Cancelled("Cancelled.")
