"""Whole JPEGs stay as they are, however they were written; colours against the standards' sums."""

import io
import itertools

import numpy as np
import pytest
from PIL import Image, ImageCms

from sr import image as images
from sr.image import headers, profiles
from tests.sr.image import pictures

RNG = np.random.default_rng(0)
SIZES = [(1, 1), (8, 8), (7, 17), (16, 16), (33, 31), (120, 90)]
WAYS = [
    {},
    {"progressive": True},
    {"optimize": True},
    {"restart_marker_rows": 1},
    {"restart_marker_blocks": 1},
    {"progressive": True, "restart_marker_blocks": 2},
]
XY = {
    1: ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06), (0.3127, 0.3290)),
    9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), (0.3127, 0.3290)),
    12: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), (0.3127, 0.3290)),
}


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_no_whole_jpeg_is_refused_or_changed(tmp_path, way):
    """144 of each way: with an end marker, with more behind it, and without."""
    path = tmp_path / "a.jpg"
    for size, mode, quality in itertools.product(SIZES, ("L", "RGB", "CMYK"), (5, 30, 75, 95)):
        noise = RNG.integers(0, 256, (size[1], size[0], 3), np.uint8)
        for image in (Image.fromarray(noise), Image.new("RGB", size, (128, 128, 128))):
            data = pictures.encoded(image.convert(mode), "JPEG", quality=quality, **way)
            with Image.open(io.BytesIO(data)) as plain:
                expected = np.asarray(plain.convert("RGB"))
            endings = (data, data + b"more", data[:-2])[: 2 if "progressive" in way else 3]
            for ending in endings:
                path.write_bytes(ending)
                np.testing.assert_array_equal(images.read(path).pixels, expected)


def test_a_progressive_jpeg_of_its_first_scans_is_cut(tmp_path):
    image = Image.fromarray(RNG.integers(0, 256, (90, 120, 3), np.uint8))
    data = pictures.encoded(image, "JPEG", progressive=True)
    scans = [at for marker, _, at in headers._segments(data) if marker == 0xDA]
    path = tmp_path / "a.jpg"
    for end in scans[1:]:  # cut in or before each scan's header
        path.write_bytes(data[: end - 12].rstrip(b"\xff") + b"\xff\xd9")
        with pytest.raises(images.PhotoError, match="is damaged or cut off"):
            images.read(path)


def test_a_jpeg_of_segments_only_takes_a_moment():
    data = b"\xff\xd8" + b"\xff\xe5\0\2" * 2_000_000
    assert sum(1 for _ in headers._segments(data)) == headers.MAX_SEGMENTS


def matrix(primaries: int) -> np.ndarray:
    """Linear light of some primaries to XYZ."""
    columns = np.array([(x / y, 1, (1 - x - y) / y) for x, y in XY[primaries]]).T
    return columns[:, :3] * np.linalg.solve(columns[:, :3], columns[:, 3])


def srgb_levels(light: np.ndarray) -> np.ndarray:
    light = light.clip(0, 1)
    return 255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize(
    ("points", "curve"),
    [
        ((12, 13), lambda v: np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)),
        ((9, 4), lambda v: v**2.2),
        ((1, 5), lambda v: v**2.8),
        ((12, 8), lambda v: v),
    ],
)
def test_profiles_are_the_standards(points, curve):
    levels = RNG.integers(0, 256, (64, 64, 3), np.uint8)
    profile = ImageCms.ImageCmsProfile(io.BytesIO(profiles.by_code_points(*points)))
    srgb = ImageCms.createProfile("sRGB")
    image = Image.fromarray(levels)
    converted = np.asarray(ImageCms.profileToProfile(image, profile, srgb, outputMode="RGB"))
    light = curve(levels / 255) @ matrix(points[0]).T @ np.linalg.inv(matrix(1)).T
    np.testing.assert_allclose(converted, srgb_levels(light), atol=1)


@pytest.mark.parametrize("transfer", [profiles.PQ, profiles.HLG])
def test_hdr_is_exact_up_to_the_knee_and_grows_to_white(transfer):
    """PQ: 0.5 is 92.2 nits and 0.58 is 203; HLG at 1000 nits: 0.5 is 50.7 and 0.75 is 203."""
    light = {16: profiles._pq, 18: profiles._hlg}[transfer]
    known = {16: [(0, 0), (0.5, 92.2), (0.58069, 203)], 18: [(0, 0), (0.5, 50.7), (0.75, 203)]}
    for level, nits in known[transfer]:
        assert abs(light(np.array([level]))[0] * 203 - nits) < 1
    curve = profiles._pressed(light(np.linspace(0, 1, 1000)))
    assert (np.diff(curve) >= 0).all() and 0.99 < curve[-1] <= 1


def test_what_srgb_needs_no_profile_for():
    assert profiles.by_code_points(1, 13) is profiles.by_code_points(2, 2) is None
    assert profiles.by_measures(0.45455, None) is profiles.by_measures(None, None) is None
    assert profiles.by_measures(None, (0.3127, 0.329) * 4) is None  # all one colour
