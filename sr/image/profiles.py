"""ICC profiles for colours that a file tells of in other ways: by code points, gamma, primaries."""

import struct
from functools import cache

import numpy as np

Curve = np.ndarray  # (N,) light, 0..1, of N levels from black to white
# ITU-T H.273, table 2: x and y of red, green, blue and white.
_D65 = (0.3127, 0.3290)
_SRGB = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06), _D65)
PRIMARIES = {
    1: _SRGB,
    4: ((0.67, 0.33), (0.21, 0.71), (0.14, 0.08), (0.310, 0.316)),
    5: ((0.64, 0.33), (0.29, 0.60), (0.15, 0.06), _D65),
    6: ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), _D65),
    7: ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), _D65),
    9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), _D65),
    11: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), (0.314, 0.351)),
    12: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), _D65),
}
_GAMMAS = {4: 2.2, 5: 2.8, 8: 1.0}  # table 3; what isn't here has sRGB's curve, as browsers do it
PQ, HLG = 16, 18
_D50 = np.array([0.9642, 1, 0.8249])
_BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)
_WHITE_NITS = 203  # of paper in HDR (ITU-R BT.2408)
_KNEE = 0.75  # of that; what is brighter is pressed together
_LEVELS = np.linspace(0, 1, 4096)
_USUAL_GAMMA = 1 / 2.2  # a PNG's, which stands for sRGB's curve
_NEAR = 0.05  # a share of gamma that makes no difference, as in libpng
_SAME = 0.0025  # of x and y that are rounded, no other colour


def by_code_points(primaries: int, transfer: int) -> bytes | None:
    """A profile for code points of ITU-T H.273; None if they are sRGB's or not known."""
    known = PRIMARIES.get(primaries, _SRGB)
    if known == _SRGB and transfer not in {*_GAMMAS, PQ, HLG}:
        return None
    return _by_code_points(known, transfer)


@cache
def _by_code_points(primaries: tuple, transfer: int) -> bytes:
    if transfer == PQ:
        return _profile(primaries, _pressed(_pq(_LEVELS)))
    if transfer == HLG:
        return _profile(primaries, _pressed(_hlg(_LEVELS)))
    gamma = _GAMMAS.get(transfer)
    return _profile(primaries, _LEVELS**gamma if gamma else _srgb(_LEVELS))


def by_measures(gamma: float | None, chromaticity: tuple[float, ...] | None) -> bytes | None:
    """A profile for a PNG's chunks gAMA and cHRM (white first); None if they are sRGB's."""
    primaries = _SRGB
    if chromaticity and len(chromaticity) == 8:
        white, *rgb = zip(chromaticity[::2], chromaticity[1::2], strict=True)
        if np.abs(np.subtract((*rgb, white), _SRGB)).max() > _SAME:
            primaries = (*rgb, white)
    gamma = gamma if gamma and 0.1 <= gamma <= 10 else None  # a picture of others shows nothing
    usual = not gamma or (primaries is _SRGB and abs(gamma / _USUAL_GAMMA - 1) < _NEAR)
    if usual and primaries is _SRGB:
        return None
    try:
        return _profile(primaries, _srgb(_LEVELS) if usual else _LEVELS ** (1 / gamma))
    except (ArithmeticError, np.linalg.LinAlgError, struct.error):
        return None  # broken chunks are no reason to refuse the photo


def _srgb(levels: np.ndarray) -> Curve:
    """IEC 61966-2-1."""
    return np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)


def _pq(levels: np.ndarray) -> np.ndarray:
    """Light of PQ levels (SMPTE ST 2084), where 1 is paper white."""
    root = levels ** (32 / 2523)
    light = np.maximum(root - 0.8359375, 0) / (18.8515625 - 18.6875 * root)
    return light ** (8192 / 1305) * (10_000 / _WHITE_NITS)


def _hlg(levels: np.ndarray) -> np.ndarray:
    """Light of HLG levels (ITU-R BT.2100) on a screen of 1000 nits, where 1 is paper white.

    The screen's gamma, 1.2, is each colour's own here, not the luminance's.
    """
    bright = (np.exp((levels - 0.55991073) / 0.17883277) + 0.28466892) / 12
    return np.where(levels <= 0.5, levels**2 / 3, bright) ** 1.2 * (1000 / _WHITE_NITS)


def _pressed(light: np.ndarray) -> Curve:
    """What is over the knee comes ever closer to 1."""
    room = 1 - _KNEE
    over = np.maximum(light - _KNEE, 0)
    return np.minimum(light, _KNEE) + room * (1 - np.exp(-over / room))


def _profile(primaries: tuple, curve: Curve) -> bytes:
    """An ICC profile, version 2.4, of x and y of red, green, blue and white, and a curve."""
    columns = np.array([(x / y, 1, (1 - x - y) / y) for x, y in primaries]).T
    rgb, white = columns[:, :3], columns[:, 3]
    rgb = rgb * np.linalg.solve(rgb, white)
    adapted = np.diag((_BRADFORD @ _D50) / (_BRADFORD @ white))
    rgb = np.linalg.solve(_BRADFORD, adapted @ _BRADFORD @ rgb)
    trc = b"curv" + struct.pack(">II", 0, len(curve))
    trc += (curve * 65535).round().astype(">u2").tobytes()
    xyz = [_xyz(column) for column in (*rgb.T, _D50)]
    names = (b"rXYZ", b"gXYZ", b"bXYZ", b"wtpt", b"rTRC", b"gTRC", b"bTRC")
    start = 132 + 12 * len(names)
    places = [start + 20 * i for i in range(4)] + [start + 80] * 3
    sizes = [20] * 4 + [len(trc)] * 3
    table = b"".join(struct.pack(">4sII", *tag) for tag in zip(names, places, sizes, strict=True))
    body = struct.pack(">I", len(names)) + table + b"".join(xyz) + trc
    head = struct.pack(
        ">I4xI4s4s4s12x4s28x", 128 + len(body), 0x02400000, b"mntr", b"RGB ", b"XYZ ", b"acsp"
    )
    return head + _xyz(_D50)[8:] + bytes(48) + body


def _xyz(values: np.ndarray) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(int(v) for v in (values * 65536).round()))
