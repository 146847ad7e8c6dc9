"""EXIF: which way is up, and what may be copied into the result."""

import re

import numpy as np
from PIL import Image
from PIL.ExifTags import IFD, Base

from sr.image.limits import MAX_EXIF, Reader

ORIENTATION = Base.Orientation
# Copied into the result, besides the camera's and the place's own tags.
KEPT = (Base.ImageDescription, Base.Make, Base.Model, Base.DateTime, Base.Artist, Base.Copyright)
DIRECTORIES = (IFD.Exif, IFD.GPSInfo)
# Left out of these: offsets that would break, and the size before upscaling.
LEFT_OUT = {Base.MakerNote, Base.ExifInteroperabilityOffset}
LEFT_OUT |= {Base.ExifImageWidth, Base.ExifImageHeight}
# EXIF orientation -> whether rows and columns are swapped first, then rows reversed, then columns.
TURNS = {
    2: (False, False, True),
    3: (False, True, True),
    4: (False, True, False),
    5: (True, False, False),
    6: (True, False, True),
    7: (True, True, True),
    8: (True, True, False),
}


def read_exif(raw: bytes, image: Image.Image) -> Image.Exif:
    """EXIF from `raw` bytes or the opened image; empty where there is none or it is broken."""
    try:
        raw = raw or image.info.get("exif", b"")
        if not raw and "Raw profile type exif" in image.info:  # as ImageMagick wrote it into PNG
            raw = bytes.fromhex("".join(image.info["Raw profile type exif"].split("\n")[3:]))
        if not raw:
            return image.getexif()  # a TIFF's own tags; elsewhere XMP's orientation
        exif = Image.Exif()
        start = re.search(rb"II\*\0|MM\0\*", raw).start()
        exif.load_from_fp(Reader(raw[start : start + MAX_EXIF]))
        return exif
    except Exception:
        return Image.Exif()


def upright(array: np.ndarray | None, exif: Image.Exif) -> np.ndarray | None:
    """Turn (H, W[, 3]) as the orientation says, 1..8; anything else is taken for 1."""
    turn = TURNS.get(exif.get(ORIENTATION))
    if array is None or turn is None:
        return array
    swapped, rows_reversed, columns_reversed = turn
    array = array.swapaxes(0, 1) if swapped else array
    array = array[::-1] if rows_reversed else array
    array = array[:, ::-1] if columns_reversed else array
    return np.ascontiguousarray(array)


def kept(exif: Image.Exif) -> bytes | None:
    """What to copy: camera, date, place; upright and without thumbnail. None if there is none."""
    try:
        found = {tag: exif.get(tag) for tag in KEPT}
        for directory in DIRECTORIES:
            tags = exif.get_ifd(directory).items()
            found[directory] = {tag: value for tag, value in tags if tag not in LEFT_OUT}
        copied = Image.Exif()
        copied.update({tag: value for tag, value in found.items() if value})
        if not len(copied):
            return None
        copied[ORIENTATION] = 1
        return copied.tobytes()
    except Exception:
        return None  # the photo matters more
