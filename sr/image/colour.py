"""Pillow's modes and profiles -> 8-bit sRGB with the alpha apart."""

import io

import numpy as np
from PIL import Image, ImageCms

MAX_PROFILE = 4 << 20  # bytes; a larger ICC profile is ignored
SRGB = ImageCms.createProfile("sRGB")
LAB = ImageCms.createProfile("LAB")
# ICC colour space -> the mode its profiles apply to, and the modes that convert to it losslessly.
SPACES = {"GRAY": ("L", {"L"}), "RGB": ("RGB", {"L", "RGB"}), "CMYK": ("CMYK", {"CMYK"})}


def planes(image: Image.Image) -> tuple[np.ndarray, np.ndarray | None]:
    """The colours, (H, W, 3) uint8 sRGB, and the alpha, (H, W) uint8, or None if it is opaque."""
    return np.asarray(_rgb(image)), _alpha(image)


def _alpha(image: Image.Image) -> np.ndarray | None:
    """(H, W) uint8, or None if every pixel is opaque."""
    if not image.has_transparency_data:
        return None
    if image.mode.startswith("I"):
        alpha = np.where(np.asarray(image) == image.info["transparency"], 0, 255).astype(np.uint8)
    else:
        alpha = np.asarray(image.convert("RGBA").getchannel("A"))
    return None if alpha.min() == 255 else alpha


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
    """Deep grey to 8 bits: integers are 0..65535 (TIFF: 0..4095 if it says 12 bits), floats 0..1.

    Larger values than that move white up to the largest, at least 255 in floats.
    """
    values = np.asarray(image).astype(np.float32)
    tags = getattr(image, "tag_v2", {})
    largest = values.max(where=np.isfinite(values), initial=0)
    if image.mode == "F":
        white = 1 if largest <= 1 else max(255, largest)
    else:
        white = max(4095 if tags.get(0x0102) == (12,) else 65535, largest)
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
