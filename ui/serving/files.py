"""The folder of uploads and results, and that nothing stays in it for longer than is said."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Set
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sr import settings

if TYPE_CHECKING:  # it looks for the folder when it is imported, so that this must come before
    import gradio as gr

VARIABLE = "GRADIO_TEMP_DIR"
SWEEPS = 12  # in the time that files are kept


def choose_folder() -> None:
    """Give this app a folder of its own, unless the environment names one.

    Gradio's usual one is shared by all apps of a machine, whose files are not to be swept.  To be
    called before Gradio is imported, which looks then.  The path becomes an absolute one: files are
    known by theirs.
    """
    usual = Path(tempfile.gettempdir()).resolve() / "sharper-birds"
    os.environ[VARIABLE] = os.path.abspath(os.environ.get(VARIABLE) or usual)  # noqa: PTH100


def folder() -> Path:
    """Where uploads and results are; it may not be there yet."""
    return Path(os.environ[VARIABLE])


def sweep(place: Path, seconds: float, kept: Set[str] = frozenset()) -> None:
    """Delete what has lain in a folder for longer, and folders in it that are empty by then.

    By the time of the last change to a file's entry, which copying can't set back.
    kept: paths of files that stay, and of folders that do with the files in them.
    """
    oldest, old = time.time() - seconds, []
    for parent, folders, names in os.walk(place):  # which bears that folders go meanwhile
        for path in (Path(parent, name) for name in (*folders, *names)):
            with suppress(OSError):
                stays = not kept.isdisjoint((str(path), parent))
                if path.lstat().st_ctime < oldest and not stays:
                    old.append(path)
    for path in sorted(old, reverse=True):  # a folder after what is in it
        with suppress(OSError):  # gone meanwhile, or a folder in use
            path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
            if path.parent != place:  # it has just been changed, so isn't old
                path.parent.rmdir()


def sweep_for_ever(page: gr.Blocks) -> None:
    """Sweep at once, for what an earlier run has left, and then now and then.

    The page's own pictures, such as the examples, stay, and what is in use.
    """
    from ui.results import in_use  # which imports Gradio

    while True:
        parts = list(page.blocks.values())
        kept = {path for part in parts for path in getattr(part, "keep_in_cache", ())}
        sweep(folder(), settings.KEPT_SECONDS, kept | in_use())
        time.sleep(settings.KEPT_SECONDS / SWEEPS)


def start_sweeping(page: gr.Blocks) -> None:
    """The same beside the app."""
    threading.Thread(target=sweep_for_ever, args=[page], daemon=True).start()
