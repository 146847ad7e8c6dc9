"""File -> photo. What is too large is refused before a pixel is decoded."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from sr import settings
from sr.image import colour, metadata
from sr.image.condition import jpeg_quality
from sr.image.limits import Reader, check_tags
from sr.image.photo import Photo, PhotoError
from sr.settings import MAX_BYTES, MAX_SIDE

# AVIF goes before HEIF: both claim the general brand "mif1", and only AVIF's plugin lets go of it.
FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "HEIF", "GIF", "BMP", "TIFF", "JPEG2000")
ENDINGS = {"avif", "bmp", "gif", "heic", "heif", "jp2", "jpeg", "jpg", "png", "tif", "tiff", "webp"}


def read(path: str | Path, *, name: str | None = None, max_pixels: int | None = None) -> Photo:
    """The photo in a file, upright, in sRGB. Raises `PhotoError`.

    name: the file's own name where `path` is a temporary one.
    max_pixels: width times height above which the file is refused undecoded; what may be upscaled
        unless given.
    """
    name = _printable(name or Path(path).name)
    with _opened(Path(path), name, max_pixels) as (image, file):
        # Not how many: counting would read all of a long GIF or TIFF.
        several = getattr(image, "is_animated", False)
        image.load()
        check_size(image.size, name, max_pixels)  # HEIF learns the true size while decoding
        turn = metadata.read_exif(file.exif if image.format in ("JPEG", "MPO") else b"", image)
        pixels, alpha = (metadata.upright(plane, turn) for plane in colour.planes(image))
        exif = metadata.kept(metadata.read_exif(file.exif, image))
        notes = ("The file holds more than one picture; this is the first.",) if several else ()
        quality = jpeg_quality(getattr(image, "quantization", None))  # only JPEG and MPO have it
        return Photo(colour.fill_hidden(pixels, alpha), alpha, _stem(name), notes, exif, quality)


def read_size(path: str | Path, *, max_pixels: int | None = None) -> tuple[int, int]:
    """Width and height of the photo in a file as they lie there, by its header alone.

    Raises `PhotoError`.
    """
    name = _printable(Path(path).name)
    with _opened(Path(path), name, max_pixels) as (image, _):
        return image.size


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


def _printable(name: str) -> str:
    """Without control characters and undecodable bytes, which would break sentences and names."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]", "?", name)


@contextmanager
def _opened(path: Path, name: str, max_pixels: int | None) -> Iterator[tuple[Image.Image, Reader]]:
    """The file with its header read and its size allowed. Raises `PhotoError` in the block too."""
    _load_plugins()
    max_pixels = max_pixels or settings.max_pixels()  # here its error isn't taken for the file's
    file = Reader(_read(path, name))
    with _sentences(name, file):
        if re.match(rb"(II|MM)\0?[*+]", file.getvalue()):
            check_tags(file.getvalue())
        with Image.open(file, formats=FORMATS) as image:  # decodes nothing yet
            check_size(image.size, name, max_pixels)
            yield image, file


@cache
def _load_plugins() -> None:
    import pillow_heif

    Image.init()
    pillow_heif.register_heif_opener()


def _read(path: Path, name: str) -> bytes:
    try:
        if not path.is_file():
            raise PhotoError(f"There is no file “{name}”: check its name.")
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise PhotoError(
                f"“{name}” is {size / 2**20:.1f} MB large; the limit here is "
                f"{MAX_BYTES / 2**20:g} MB: shrink it or save it as JPEG first."
            )
        data = path.read_bytes()
    except OSError:
        raise PhotoError(
            f"“{name}” can't be opened: check its name and that you may read it."
        ) from None
    if not data:
        raise PhotoError(f"“{name}” is empty (0 bytes): choose the photo again, or another one.")
    return data


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
    # Cameras' raw files are TIFFs of kinds that Pillow lacks; a cut TIFF fails in `check_tags`.
    start, kinds = file.getvalue()[:16], set(FORMATS) - {"TIFF"}
    known = file.left < 0 or any(Image.OPEN[kind][1](start) for kind in kinds)
    if isinstance(error, UnidentifiedImageError) and not known:
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


def _stem(name: str) -> str:
    """The name without its ending, not hidden, and short enough for "_bicubic.png" behind it."""
    stem = Path(name).stem.lstrip(".").encode()[:200].decode(errors="ignore")
    return stem or "photo"
