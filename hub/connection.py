"""Whether the Hub answers, and how often it is asked.

The stock client retries an unreachable Hub for 23 seconds, for each file. Here one short request
finds that out, and its answer holds for all files for `PROBE_HOLDS` seconds.
"""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from typing import TypeVar

PROBE_SECONDS = 3.0
PROBE_HOLDS = 300.0
RETRY_PAUSES = (0.3, 1.0)  # seconds before a request that met a server's fault is made again

T = TypeVar("T")


def reachable() -> bool:
    """Whether the Hub answers within `PROBE_SECONDS`; asked once in `PROBE_HOLDS` seconds."""
    return _reachable_in(int(time.monotonic() / PROBE_HOLDS))


@lru_cache(maxsize=1)
def _reachable_in(period: int) -> bool:
    return answers(PROBE_SECONDS)


def answers(seconds: float) -> bool:
    """Whether the Hub answers one request within `seconds`."""
    from huggingface_hub import constants
    from huggingface_hub.utils import get_session

    answered = threading.Event()

    def ask() -> None:
        with suppress(Exception):  # whatever goes wrong, the Hub did not answer
            get_session().head(constants.ENDPOINT, timeout=seconds)
            answered.set()

    # In a thread of its own: looking up a name has no time limit.
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(seconds)
    return answered.is_set()


def retried(ask: Callable[[], T]) -> T:
    """What `ask` gives; after a server's fault it is called again, once for each pause."""
    from huggingface_hub.errors import HfHubHTTPError

    for pause in RETRY_PAUSES:
        try:
            return ask()
        except HfHubHTTPError as error:
            if error.response.status_code < 500:
                raise
            time.sleep(pause)
    return ask()
