"""File -> photo. What is too large is refused before a pixel is decoded."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from sr import settings
from sr.image import colour, headers, metadata
from sr.image.condition import jpeg_quality
from sr.image.headers import Extent, KindError
from sr.image.limits import Reader, check_tags
from sr.image.photo import Photo, PhotoError
from sr.settings import MAX_BYTES, MAX_SIDE

# AVIF goes before HEIF: both claim the general brand "mif1", and only AVIF's plugin lets go of it.
FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "HEIF", "GIF", "BMP", "TIFF", "JPEG2000")
# Numbers in a TIFF as Pillow takes them, with the file's order of bytes -> as libtiff gives them,
# with the machine's.
NATIVE = {"I;16BS": "I;16NS", "I;32BS": "I;32NS", "F;32BF": "F;32NF"}
NEW_SUBFILE, SUB_DIRECTORIES, DNG_VERSION = 254, 330, 50706  # tags of TIFF
ENDINGS = {"avif", "bmp", "gif", "heic", "heif", "jp2", "jpeg", "jpg", "png", "tif", "tiff", "webp"}


def read(
    source: str | Path | bytes, *, name: str | None = None, max_pixels: int | None = None
) -> Photo:
    """The photo in a file, upright, in sRGB. Raises `PhotoError`.

    source: the file's path, or what is in it.
    name: the file's own name where the path is a temporary one, or there is none.
    max_pixels: width times height above which the file is refused undecoded; what may be upscaled
        unless given.
    """
    name = _name(source, name)
    with _opened(source, name, max_pixels) as (image, file):
        notes = _notes(image, file.getvalue())
        extent = _extent(image, file.getvalue())
        image.load()
        check_size(image.size, name, max_pixels)  # HEIF learns the true size while decoding
        turn = metadata.read_exif(file.exif if image.format in ("JPEG", "MPO") else b"", image)
        pixels, alpha = colour.planes(image, file)
        alpha = _within(extent, alpha, pixels.shape[:2])
        window = image.info.get("window", np.s_[:, :])
        pixels, alpha = (
            plane if plane is None else metadata.upright(np.ascontiguousarray(plane[window]), turn)
            for plane in (pixels, alpha)
        )
        exif = metadata.kept(metadata.read_exif(file.exif, image))
        quality = jpeg_quality(getattr(image, "quantization", None))  # only JPEG and MPO have it
        return Photo(colour.fill_hidden(pixels, alpha), alpha, stem(name), notes, exif, quality)


def read_size(
    source: str | Path | bytes, *, name: str | None = None, max_pixels: int | None = None
) -> tuple[int, int]:
    """Width and height of the photo in a file as they lie there, by its header alone.

    Arguments and errors are those of `read`.
    """
    with _opened(source, _name(source, name), max_pixels) as (image, _):
        return image.size


def contents(path: str | Path) -> bytes:
    """What is in a photo's file, which isn't looked at. Raises `PhotoError`."""
    return _read(Path(path), _name(path))


def check_bytes(size: int, name: str) -> None:
    """Raise `PhotoError` if a file of so many bytes is empty or too large for a photo's."""
    if not size:
        raise PhotoError(f"“{name}” is empty (0 bytes): choose the photo again, or another one.")
    if size > MAX_BYTES:
        raise PhotoError(
            f"“{name}” is {size / 2**20:.1f} MB large; the limit here is "
            f"{MAX_BYTES / 2**20:g} MB: shrink it or save it as JPEG first."
        )


def is_photo(path: Path) -> bool:
    """Whether a file's ending is one that photos have."""
    return path.suffix[1:].lower() in ENDINGS


def photos_in(folder: Path) -> list[Path]:
    """The photos of a folder and the folders in it, sorted; hidden ones left out."""
    return [
        path
        for path in sorted(folder.rglob("*"))
        if is_photo(path) and "/." not in f"/{path.relative_to(folder).as_posix()}"
    ]


def _notes(image: Image.Image, data: bytes) -> tuple[str, ...]:
    """What of the file isn't in the photo, in sentences."""
    # Not how many: counting would read all of a long GIF or TIFF.  A PNG may claim too many.
    several = getattr(image, "is_animated", False)
    if several and (image.format != "PNG" or data.count(b"fcTL") > 1):
        notes = ("The file holds more than one picture; this is the first.",)
    else:
        notes = ()
    if colour.is_hdr(image):
        notes += ("The photo is HDR: its brightest parts and its colours are approximate here.",)
    return notes


def _extent(image: Image.Image, data: bytes) -> Extent | None:
    """The part of the canvas that an animation's first picture covers; None if it is all of it."""
    if image.format == "WEBP":
        return headers.webp_extent(data)
    return image.tile[0].extents if image.format in ("GIF", "PNG") and image.tile else None


def _within(
    extent: Extent | None, alpha: np.ndarray | None, shape: tuple[int, int]
) -> np.ndarray | None:
    """`alpha`, and transparent outside an extent. Pillow fills what is there with any colour."""
    left, top, right, bottom = extent or (0, 0, *shape[::-1])
    if left <= 0 and top <= 0 and right >= shape[1] and bottom >= shape[0]:
        return alpha
    inside = np.zeros(shape, np.uint8)
    inside[top:bottom, left:right] = 255
    return inside if alpha is None else np.minimum(inside, alpha)


def _printable(name: str) -> str:
    """Without control characters and undecodable bytes, which would break sentences and names."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]", "?", name)


def _name(source: str | Path | bytes, name: str | None = None) -> str:
    """The name of a file in sentences."""
    return _printable(name or ("photo" if isinstance(source, bytes) else Path(source).name))


@contextmanager
def _opened(
    source: str | Path | bytes, name: str, max_pixels: int | None
) -> Iterator[tuple[Image.Image, Reader]]:
    """The file with its header read and its size allowed. Raises `PhotoError` in the block too."""
    _load_plugins()
    max_pixels = max_pixels or settings.max_pixels()  # here its error isn't taken for the file's
    data = source if isinstance(source, bytes) else _read(Path(source), name)
    check_bytes(len(data), name)
    file = Reader(data)
    with _sentences(name, file):
        _check(file)
        with Image.open(file, formats=FORMATS) as image:  # decodes nothing yet
            if image.format == "TIFF":
                _mend_tiff(image)
            elif image.format == "AVIF":
                _complete_avif(image, file.getvalue())
            colour.add_profile(image, file.getvalue())
            check_size(image.size, name, max_pixels)
            yield image, file


def _check(file: Reader) -> None:
    """Raise for files that Pillow would read wrongly or at length."""
    data = file.getvalue()
    if file.jpeg:
        headers.check_jpeg(data)
    elif Image.OPEN["JPEG2000"][1](data[:16]):
        headers.check_jpeg2000(data)
    elif data[:4] == b"MM\0+":
        raise KindError(headers.RAW)  # a BigTIFF that Pillow takes for a small one
    elif re.match(rb"(II|MM)\0?[*+]", data):
        check_tags(data)


def _mend_tiff(image: Image.Image) -> None:
    """Refuse a raw file's preview and what Pillow's libtiff lacks; put bytes in order."""
    tags = image.tag_v2
    preview = DNG_VERSION in tags or (tags.get(NEW_SUBFILE, 0) & 1 and SUB_DIRECTORIES in tags)
    if preview or image.info["compression"] == "webp":
        raise KindError(headers.RAW)
    image.tile = [
        tile._replace(args=(NATIVE.get(tile.args[0], tile.args[0]), *tile.args[1:]))
        for tile in image.tile
    ]


def _complete_avif(image: Image.Image, data: bytes) -> None:
    """Add what Pillow leaves out: the code points of colours, and the window to be shown."""
    import pillow_heif

    try:
        heif = pillow_heif.HeifFile(io.BytesIO(data))
        primary = heif[heif.primary_index]
        transformations = getattr(primary._c_image, "transformations", ())  # newer ones tell
    except Exception:  # libheif knows fewer kinds; the picture matters more
        return
    image.info["nclx_profile"] = primary.info.get("nclx_profile")
    for kind, *edges in transformations:
        if kind == "clap":
            left, top, right, bottom, *_ = edges
            right, bottom = image.width - right, image.height - bottom
            if 0 <= left < right <= image.width and 0 <= top < bottom <= image.height:
                image.info["window"] = np.s_[top:bottom, left:right]


@cache
def _load_plugins() -> None:
    import pillow_heif
    from PIL import TiffImagePlugin

    Image.init()
    pillow_heif.register_heif_opener()
    # Pillow's own reader of what isn't compressed scrambles planes of 16 bits.
    TiffImagePlugin.READ_LIBTIFF = True


def _read(path: Path, name: str) -> bytes:
    try:
        if not path.is_file():
            raise PhotoError(f"There is no file “{name}”: check its name.")
        check_bytes(path.stat().st_size, name)  # before they are read
        return path.read_bytes()
    except OSError:
        raise PhotoError(
            f"“{name}” can't be opened: check its name and that you may read it."
        ) from None


@contextmanager
def _sentences(name: str, file: Reader) -> Iterator[None]:
    """Turn whatever Pillow raises on a bad file into one `PhotoError`."""
    try:
        yield
    except PhotoError:
        raise
    except MemoryError:
        raise PhotoError(
            f"“{name}” needs more memory than there is here: crop it or shrink it first."
        ) from None
    except Image.DecompressionBombError:
        raise PhotoError(
            f"“{name}” would unpack to far more pixels than a photo has: save it smaller first."
        ) from None
    except Exception as error:
        # Pillow's plugins raise a dozen kinds on damaged files, SyntaxError and struct.error too.
        raise PhotoError(f"“{name}” {_what_is_wrong(error, file)}") from None


def _what_is_wrong(error: Exception, file: Reader) -> str:
    if "MAX_TEXT" in str(error):
        return "would unpack to far more text than a photo has: save it again without its texts."
    if isinstance(error, KindError):
        return str(error)
    if file.late:
        return "takes too long to open: save it again as JPEG or PNG."
    start = file.getvalue()[:16]
    known = [kind for kind in FORMATS if Image.OPEN[kind][1](start)]
    if isinstance(error, UnidentifiedImageError) and file.left >= 0:
        if known == ["TIFF"]:  # a cut one fails in `check_tags`
            return headers.RAW
        if not known:
            return (
                "is not a photo this app can read: choose a JPEG, PNG, WebP, AVIF, HEIC, GIF, BMP, "
                "TIFF or JPEG 2000 file."
            )
    return "is damaged or cut off: save or download it again and choose the new file."


def check_size(size: tuple[int, int], name: str, max_pixels: int | None = None) -> None:
    """Raise `PhotoError` if a photo of (width, height) is too large."""
    width, height = size
    max_pixels = max_pixels or settings.max_pixels()
    if width * height > max_pixels:
        raise PhotoError(
            f"“{name}” has {width} x {height} pixels ({width * height / 1e6:.1f} megapixels); the "
            f"limit here is {max_pixels / 1e6:g} megapixels: crop it or shrink it first."
        )
    if max(width, height) > MAX_SIDE:
        raise PhotoError(
            f"“{name}” has {width} x {height} pixels; the limit here is {MAX_SIDE} along a side: "
            "crop it first."
        )


def stem(name: str) -> str:
    """What the results of a file of that name are called after.

    It is without ending and what can't be printed, not hidden, and short enough for
    "_bicubic.png" behind it.
    """
    start = Path(_printable(name)).stem.lstrip(".").encode()[:200].decode(errors="ignore")
    return start or "photo"
