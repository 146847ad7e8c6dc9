"""What a request leaves behind: its files, in a folder that Gradio serves, and its facts."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gradio.utils import get_upload_folder

from sr import image
from sr.compare import tables
from sr.compare.comparison import Row
from sr.image import Photo


def new_folder() -> Path:
    """A folder of the request's own, from which Gradio serves, and which it deletes in time."""
    parent = Path(get_upload_folder())
    parent.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(dir=parent))


_in_use: list[str] = []


def in_use() -> set[str]:
    """Files and folders of requests that wait or are worked on, which may take long."""
    return set(_in_use)


@contextmanager
def using(path: str | Path | None) -> Iterator[None]:
    """A file or a folder is in use in the block."""
    _in_use.append(str(path))
    try:
        yield
    finally:
        _in_use.remove(str(path))


@contextmanager
def request_folder() -> Iterator[Path]:
    """The same, in use; at once deleted where a file couldn't be written: half may be there."""
    folder = new_folder()
    try:
        with using(folder):
            yield folder
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def save_csv(rows: tuple[Row, ...], name: str) -> str:
    """The file of a comparison's table, named after the photo."""
    path = new_folder() / f"{name}_compared.csv"
    path.write_text(tables.csv_text(rows), encoding="utf-8")
    return str(path)


def save_before(photo: Photo, folder: Path) -> Path:
    """The slider's left picture: bicubic, as large as the result, lossless."""
    alpha = None if photo.alpha is None else image.bicubic(photo.alpha)
    return image.write(image.bicubic(photo.pixels), folder / f"{photo.name}_bicubic.png", alpha)
