"""Ways in which a file may be damaged; the same for the same seed."""

import re
from collections.abc import Callable

import numpy as np

WORDS = (
    b"1e308", b"-1e308", b"1e999", b"NaN", b"-Infinity", b"-1", b"0", b"99999999999999999999",
    b"2147483648", b"4294967295", b"1.5", b"null", b"true", b"[]", b"{}", b'""', b"{", b"}", b"[",
    b"]", b'"', b"\n", b"\0", b"\xff\xfe", b"\xc3", b"JOINT", b"End", b"MOTION", b"CHANNELS",
    b"1_0",
)  # fmt: skip
"""What breaks readers of text: numbers beyond all bounds, and what stands out of place."""
_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")

Mutation = Callable[[bytearray, np.random.Generator], None]


def mutated(content: bytes, rng: np.random.Generator) -> bytes:
    """Damage `content` in one or two ways."""
    data = bytearray(content)
    for _ in range(int(rng.integers(1, 3))):
        MUTATIONS[int(rng.integers(len(MUTATIONS)))](data, rng)
    return bytes(data)


def _at(data: bytearray, rng: np.random.Generator) -> int:
    """A place, in half of the cases near the beginning, where headers are."""
    if not data:
        return 0
    size = len(data) if rng.random() < 0.5 else min(len(data), 200)
    return int(rng.integers(size))


def _flip(data: bytearray, rng: np.random.Generator) -> None:
    for _ in range(int(rng.integers(1, 4))):
        if data:
            data[_at(data, rng)] ^= 1 << int(rng.integers(8))


def _digit(data: bytearray, rng: np.random.Generator) -> None:
    """Spell a number otherwise: the file stays well-formed."""
    found = re.search(rb"\d", data[_at(data, rng) :])
    if found:
        start = len(data) - len(found.string) + found.start()
        data[start] = ord("0") + int(rng.integers(10))


def _cut(data: bytearray, rng: np.random.Generator) -> None:
    del data[_at(data, rng) :]


def _drop(data: bytearray, rng: np.random.Generator) -> None:
    start = _at(data, rng)
    del data[start : start + int(rng.integers(1, 64))]


def _repeat(data: bytearray, rng: np.random.Generator) -> None:
    start = _at(data, rng)
    piece = data[start : start + int(rng.integers(1, 64))]
    data[start:start] = piece * int(rng.integers(1, 4))


def _zero(data: bytearray, rng: np.random.Generator) -> None:
    start = _at(data, rng)
    stop = min(len(data), start + int(rng.integers(1, 64)))
    data[start:stop] = bytes([int(rng.choice([0, 255]))]) * (stop - start)


def _insert(data: bytearray, rng: np.random.Generator) -> None:
    start = _at(data, rng)
    data[start:start] = WORDS[int(rng.integers(len(WORDS)))]


def _number(data: bytearray, rng: np.random.Generator) -> None:
    """Put something else in the place of a number that is spelled out."""
    start = _at(data, rng)
    found = _NUMBER.search(bytes(data[start : start + 400]))
    if found:
        word = WORDS[int(rng.integers(len(WORDS)))]
        data[start + found.start() : start + found.end()] = word


def _integer(data: bytearray, rng: np.random.Generator) -> None:
    """Write a large or negative number of four or eight bytes, as sizes are in binary files."""
    start = _at(data, rng)
    value = int(rng.choice([0, 1, 255, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 10**9]))
    width = int(rng.choice([2, 4, 8]))
    data[start : start + width] = (value & (1 << 8 * width) - 1).to_bytes(width, "little")


MUTATIONS: tuple[Mutation, ...] = (
    _flip, _flip, _cut, _drop, _repeat, _zero, _insert, _number, _number, _integer, _digit, _digit,
)  # fmt: skip
