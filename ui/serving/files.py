"""The folder of uploads and results, and that nothing stays in it for longer than is said."""

import os
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

from sr import settings

VARIABLE = "GRADIO_TEMP_DIR"
SWEEPS = 12  # in the time that files are kept


def choose_folder() -> None:
    """Give this app a folder of its own, unless the environment names one.

    Gradio's usual one is shared by all apps of a machine, whose files are not to be swept.  To be
    called before Gradio is imported, which looks then.
    """
    os.environ.setdefault(VARIABLE, str(Path(tempfile.gettempdir()).resolve() / "sharper-birds"))


def folder() -> Path:
    """Where uploads and results are; it may not be there yet."""
    return Path(os.environ[VARIABLE])


def sweep(place: Path, seconds: float) -> None:
    """Delete what has lain in a folder for longer, and folders in it that are empty by then.

    By the time of the last change to a file's entry, which copying can't set back.
    """
    oldest, old = time.time() - seconds, []
    for path in place.rglob("*"):
        with suppress(OSError):  # gone meanwhile
            if path.lstat().st_ctime < oldest:
                old.append(path)
    for path in sorted(old, reverse=True):  # a folder after what is in it
        with suppress(OSError):  # gone meanwhile, or a folder in use
            path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
            if path.parent != place:  # it has just been changed, so isn't old
                path.parent.rmdir()


def sweep_for_ever() -> None:
    """Sweep at once, for what an earlier run has left, and then now and then."""
    while True:
        sweep(folder(), settings.KEPT_SECONDS)
        time.sleep(settings.KEPT_SECONDS / SWEEPS)


def start_sweeping() -> None:
    """The same beside the app."""
    threading.Thread(target=sweep_for_ever, daemon=True).start()
