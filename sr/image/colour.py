"""Pillow's modes and profiles -> 8-bit sRGB with the alpha apart."""

import io

import numpy as np
from PIL import Image, ImageCms

from sr.image import profiles
from sr.image.headers import png_chunk

MAX_PROFILE = 4 << 20  # bytes; a larger ICC profile is ignored
SRGB = ImageCms.createProfile("sRGB")
LAB = ImageCms.createProfile("LAB")
# ICC colour space -> the mode its profiles apply to, and the modes that convert to it losslessly.
SPACES = {"GRAY": ("L", {"L"}), "RGB": ("RGB", {"L", "RGB"}), "CMYK": ("CMYK", {"CMYK"})}
# A TIFF's bits and whether its integers have a sign -> white, where it isn't 65535.
_WHITES = {((12,), False): 4095, ((16,), True): 32767}


def add_profile(image: Image.Image, data: bytes) -> None:
    """Give an opened image the ICC profile that other fields of its file stand for.

    They are, each before the next: PNG's cICP, an ICC profile, PNG's sRGB, its gAMA and cHRM; and
    nclx in AVIF and HEIF.
    """
    info = image.info
    points = tuple(png_chunk(data, b"cICP")[:2]) if image.format == "PNG" else ()
    if nclx := info.get("nclx_profile"):
        points = (nclx["color_primaries"], nclx["transfer_characteristics"])
    if len(points) == 2 and (image.format == "PNG" or not info.get("icc_profile")):
        info["icc_profile"] = profiles.by_code_points(*points)
        info["hdr"] = points[1] in (profiles.PQ, profiles.HLG)
    elif image.format == "PNG" and not info.get("icc_profile") and "srgb" not in info:
        measured = profiles.by_measures(info.get("gamma"), info.get("chromaticity"))
        info["icc_profile"] = measured


def is_hdr(image: Image.Image) -> bool:
    """Whether an image that `add_profile` has seen is brighter than a page can show."""
    return image.info.get("hdr", False)


def planes(image: Image.Image, file: io.BytesIO) -> tuple[np.ndarray, np.ndarray | None]:
    """The colours, (H, W, 3) uint8 sRGB, and the alpha, (H, W) uint8, or None if it is opaque.

    file: the one that the image was opened from.
    """
    return np.asarray(_rgb(image)), _alpha(image, file)


def _alpha(image: Image.Image, file: io.BytesIO) -> np.ndarray | None:
    """(H, W) uint8, or None if every pixel is opaque."""
    if not image.has_transparency_data:
        return None
    bits = file.getvalue()[24] if image.format == "PNG" else 8  # of each sample in the file
    key = image.info.get("transparency")
    if image.mode == "L" and bits < 8:
        image.info["transparency"] = key * 255 // (2**bits - 1)
    if image.mode.startswith("I"):
        alpha = np.where(np.asarray(image) == key, 0, 255).astype(np.uint8)
    elif image.mode == "RGB" and bits == 16:
        alpha = np.where((_sixteen_bits(file) == key).all(axis=2), 0, 255).astype(np.uint8)
    else:
        alpha = np.asarray(image.convert("RGBA").getchannel("A"))
    return None if alpha.min() == 255 else alpha


def _sixteen_bits(file: io.BytesIO) -> np.ndarray:
    """(H, W, 3) uint16 of an RGB PNG with as many bits, of which Pillow keeps the upper eight."""
    with Image.open(file, formats=("PNG",)) as image:
        high = np.asarray(image).astype(np.uint16) << 8
    with Image.open(file, formats=("PNG",)) as image:
        image.tile = [tile._replace(args="RGB;16L") for tile in image.tile]  # bytes swapped
        return high | np.asarray(image)


def _rgb(image: Image.Image) -> Image.Image:
    """8-bit sRGB without alpha."""
    profile = image.info.get("icc_profile")
    if image.mode.startswith(("I", "F")):
        image = _eight_bits(image)
    elif image.mode in ("1", "LA"):
        image = image.convert("L")
    elif image.mode == "LAB":
        return ImageCms.profileToProfile(image, LAB, SRGB, outputMode="RGB")
    elif image.mode not in ("L", "RGB", "CMYK"):
        image = image.convert("RGBA" if image.has_transparency_data else "RGB").convert("RGB")
    return _to_srgb(image, profile).convert("RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    """Deep grey to 8 bits: floats are 0..1, integers 0..65535 or what a TIFF's bits hold up to 16.

    Larger values than that move white up to the largest, at least 255 in floats; integers of 32
    bits without a sign that use the last bit use all of them.
    """
    values = np.asarray(image)
    tags = getattr(image, "tag_v2", {})
    bits, signed = tags.get(0x0102), 2 in tags.get(0x0153, ())
    if image.mode == "I" and bits == (32,) and not signed:
        values = values.view(np.uint32)
    values = values.astype(np.float32)
    largest = values.max(where=np.isfinite(values), initial=0)
    if image.mode == "F":
        white = 1 if largest <= 1 else max(255, largest)
    else:
        white = max(_WHITES.get((bits, signed), 65535), largest)
        white = 2**32 - 1 if white >= 2**31 and not signed else white
    levels = np.nan_to_num(values, posinf=white, neginf=0) / white * 255
    levels = levels.round().clip(0, 255).astype(np.uint8)
    return Image.fromarray(255 - levels if tags.get(0x0106) == 0 else levels)  # 0: white is zero


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Colours through the file's ICC profile, where it has a usable one."""
    if not profile or len(profile) > MAX_PROFILE:
        return image
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        mode, modes = SPACES[source.profile.xcolor_space.strip()]
        if image.mode not in modes:
            return image
        return ImageCms.profileToProfile(image.convert(mode), source, SRGB, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, KeyError):
        return image  # a broken profile is no reason to refuse the photo


def fill_hidden(pixels: np.ndarray, alpha: np.ndarray | None) -> np.ndarray:
    """Give fully transparent pixels the colour of near visible ones.

    Upscaling mixes neighbours, so what is hidden would bleed into the visible edge.
    """
    if alpha is None or alpha.max() == 0:
        return pixels
    return _spread(pixels, alpha > 0)


def _spread(pixels: np.ndarray, known: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 with what isn't `known` (H, W) taken from the mean of its 2x2 block.

    Blocks with nothing known take theirs from blocks of blocks: at most 4/3 of the work.
    """
    if known.all():
        return pixels
    height, width = known.shape
    half = ((height + 1) // 2, (width + 1) // 2)
    total, count = np.zeros((*half, 3), np.uint16), np.zeros(half, np.uint16)
    for part in (np.s_[::2, ::2], np.s_[::2, 1::2], np.s_[1::2, ::2], np.s_[1::2, 1::2]):
        mask = known[part]
        here = np.s_[: mask.shape[0], : mask.shape[1]]
        total[here] += pixels[part] * mask[:, :, None]
        count[here] += mask
    means = (total + count[:, :, None] // 2) // np.maximum(count, 1)[:, :, None]
    coarse = _spread(means.astype(np.uint8), count > 0)
    coarse = coarse.repeat(2, axis=0)[:height].repeat(2, axis=1)[:, :width]
    return np.where(known[:, :, None], pixels, coarse)
