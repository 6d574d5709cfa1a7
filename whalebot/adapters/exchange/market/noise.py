"""Random numbers as a pure function of (key, index): equal on every machine, readable at any place.

SplitMix64 over a counter (Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators"). Only
integer arithmetic and exact float operations are used: no logarithm, no generator state, no library stream.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Words: TypeAlias = NDArray[np.uint64]
Floats: TypeAlias = NDArray[np.float64]

_MASK: Final = (1 << 64) - 1
_GAMMA: Final = 0x9E3779B97F4A7C15
_MIX_1: Final = 0xBF58476D1CE4E5B9
_MIX_2: Final = 0x94D049BB133111EB
_PARTS: Final = 8
# Standard deviation of `gauss_units`: twice the sum of eight uniform 16-bit integers.
GAUSS_SD: Final = 2.0 * (_PARTS * (65536.0**2 - 1.0) / 12.0) ** 0.5


def make_key(seed: int, *labels: str | int) -> int:
    """Return the key of one stream of noise (FNV-1a over the labels, mixed)."""
    state = 0xCBF29CE484222325
    for byte in "|".join(map(str, (seed, *labels))).encode():
        state = (state ^ byte) * 0x100000001B3 & _MASK
    return mix(state)


def mix(value: int) -> int:
    """Return 64 well mixed bits of an integer."""
    z = (value + _GAMMA) & _MASK
    z = (z ^ (z >> 30)) * _MIX_1 & _MASK
    z = (z ^ (z >> 27)) * _MIX_2 & _MASK
    return z ^ (z >> 31)


def mix_words(values: Words) -> Words:
    """Return 64 well mixed bits of each integer, as `mix` does."""
    z = values + np.uint64(_GAMMA)
    z ^= z >> np.uint64(30)
    z *= np.uint64(_MIX_1)
    z ^= z >> np.uint64(27)
    z *= np.uint64(_MIX_2)
    z ^= z >> np.uint64(31)
    return z


def words(key: int, start: int, count: int) -> Words:
    """Return the random words number start..start+count-1 of a stream."""
    counters = np.arange(start, start + count, dtype=np.int64).astype(np.uint64)
    counters *= np.uint64(_GAMMA)
    counters += np.uint64(key)
    return mix_words(counters)


def uniforms(key: int, start: int, count: int) -> Floats:
    """Return numbers start..start+count-1 of a stream, uniform in [0, 1)."""
    return unit_floats(words(key, start, count))


def unit_floats(bits: Words) -> Floats:
    """Return 64 random bits as numbers in [0, 1)."""
    return (bits >> np.uint64(11)).astype(np.float64) * 2.0**-53


def uniform(key: int, index: int) -> float:
    """Return number `index` of a stream, as `uniforms` does."""
    return unit_float(mix((key + index * _GAMMA) & _MASK))


def unit_float(bits: int) -> float:
    """Return 64 random bits as a number in [0, 1), as `unit_floats` does."""
    return (bits >> 11) * 2.0**-53


def gauss_units(key: int, start: int, count: int) -> NDArray[np.int64]:
    """Return bell-shaped integers of mean 0 and deviation GAUSS_SD; sums of them are exact.

    The sum of eight uniforms (Irwin-Hall): within 4.9 deviations, tails come from volatility and jumps.
    """
    pairs = words(key, 2 * start, 2 * count).view(np.uint16).astype(np.int64)
    sums: NDArray[np.int64] = 2 * pairs.reshape(count, _PARTS).sum(axis=1) - _PARTS * 65535
    return sums
