"""Pairs of fingerprints that lie close, without comparing each with each.

Locality-sensitive hashing by signs (Charikar, STOC 2002) with several probes (Lv et al., VLDB
2007). A table groups the pictures by the signs of 16 coefficients, a picture is looked up in each
of 12 tables, and once more with the sign turned that is the least certain. Measured on 500
dermatoscopic pictures: finds all of their crops by up to 2 % per side and their mirrored, dimmed
and newly encoded copies, and 99.8 % of those brightened until they clip.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from edge_runtime.console import progress
from trainer.audit.fingerprint import LENGTH, SYMMETRIES, Fingerprints, turned_fingerprints

# Cosine of two fingerprints. Least with a crop by 2 % per side: 0.959 of 500 dermatoscopic
# pictures, 0.936 of 40 drawn ones with a fine network. Chance pairs grow with the square of the
# pictures, and every pair is read again: a large set gets the stricter bound.
LEAST_COSINE, LARGE_SET_COSINE = 0.93, 0.95
LARGE_SET = 50_000
_TABLES, _BITS = 12, 16
# Signs that differ in a pair worth a look at its coefficients; measured at most 12 of 63.
_MOST_SIGNS = 14
_BLOCK = 1 << 20  # pairs at a time: bounds the memory
_ONES = np.array([bin(i).count("1") for i in range(1 << 16)], np.uint8)
_SEED = 2026

Candidates = npt.NDArray[np.int64]
_Words = npt.NDArray[np.uint16]


def find_candidates(fingerprints: Fingerprints) -> tuple[Candidates, npt.NDArray[np.float32]]:
    """Pairs that look alike in one of eight positions.

    Args:
        fingerprints: int8 (n, 63); a row of zeros is like no other.

    Returns:
        int64 (m, 3), rows of first picture, second picture, symmetry that turns the second; and
        float32 (m,) cosines; closest first. A pair is listed once, as its closest symmetry.
    """
    rng = np.random.default_rng(_SEED)
    tables = [rng.choice(LENGTH, _BITS, replace=False) for _ in range(_TABLES)]
    least = LEAST_COSINE if len(fingerprints) < LARGE_SET else LARGE_SET_COSINE
    usable = np.flatnonzero(fingerprints.any(axis=1))
    stored = fingerprints[usable]
    words = _sign_words(stored)
    found: list[Candidates] = []
    for bits in progress(tables, _TABLES, "looking for pairs"):
        for symmetry in range(len(SYMMETRIES)):
            found += _matches(stored, words, bits, symmetry, least)
        # A pair is met in several tables; only the once-only rows are carried on.
        found = [np.unique(np.concatenate(found), axis=0)] if found else []
    if not found:
        return np.empty((0, 3), np.int64), np.empty(0, np.float32)
    return _closest_first(stored, found[0], usable)


def _matches(
    stored: Fingerprints,
    words: _Words,
    bits: npt.NDArray[np.int64],
    symmetry: int,
    least: float,
) -> Iterator[Candidates]:
    """Pairs that one table brings together in one position, and that are as close as asked."""
    order, starts = _table(stored, bits)
    turned = turned_fingerprints(stored, symmetry)
    turned_words = _sign_words(turned)
    for keys in _probes(turned, bits):
        for first, second in _collisions(order, starts, keys):
            near = _near_signs(words, turned_words, first, second)
            first, second = first[near], second[near]
            close = _cosines(stored, turned, first, second) >= least
            if close.any():
                yield _rows(first[close], second[close], symmetry)


def _sign_words(fingerprints: Fingerprints) -> _Words:
    """uint16 (n, 4): one bit a coefficient, set where it is above zero."""
    bits = np.zeros((len(fingerprints), LENGTH + 1), bool)
    bits[:, :LENGTH] = fingerprints > 0
    return np.packbits(bits, axis=1).view(np.uint16)


def _keys(fingerprints: Fingerprints, bits: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return (fingerprints[:, bits] > 0) @ (1 << np.arange(_BITS))


def _table(
    fingerprints: Fingerprints, bits: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Rows ordered by key (n,), and where each key's rows start in it (2¹⁶ + 1,)."""
    keys = _keys(fingerprints, bits)
    order = np.argsort(keys, kind="stable")
    starts = np.searchsorted(keys[order], np.arange((1 << _BITS) + 1))
    return order, starts


def _probes(turned: Fingerprints, bits: npt.NDArray[np.int64]) -> Iterator[npt.NDArray[np.int64]]:
    """Each row's key; then the key with the sign of its smallest coefficient turned."""
    keys = _keys(turned, bits)
    yield keys
    yield keys ^ (1 << np.abs(turned[:, bits].astype(np.int16)).argmin(axis=1))


def _collisions(
    order: npt.NDArray[np.int64], starts: npt.NDArray[np.int64], keys: npt.NDArray[np.int64]
) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """Stored and queried rows with equal keys, at most about a block of pairs at a time."""
    begin = starts[keys]
    ends = np.cumsum(starts[keys + 1] - begin)
    at, done, total = 0, 0, int(ends[-1]) if len(ends) else 0
    while done < total:
        until = max(at + 1, int(np.searchsorted(ends, done + _BLOCK, "right")))
        counts = np.diff(ends[at:until], prepend=done)
        second = np.repeat(np.arange(at, until), counts)
        within = np.arange(len(second)) - np.repeat(np.cumsum(counts) - counts, counts)
        first = order[begin[second] + within]
        different = first != second
        yield first[different], second[different]
        at, done = until, int(ends[until - 1])


def _near_signs(
    words: _Words,
    turned: _Words,
    first: npt.NDArray[np.int64],
    second: npt.NDArray[np.int64],
) -> npt.NDArray[np.bool_]:
    differing = _ONES[words[first] ^ turned[second]].sum(axis=1)
    near: npt.NDArray[np.bool_] = differing <= _MOST_SIGNS
    return near


def _cosines(
    stored: Fingerprints,
    turned: Fingerprints,
    first: npt.NDArray[np.int64],
    second: npt.NDArray[np.int64],
) -> npt.NDArray[np.float32]:
    a, b = stored[first].astype(np.float32), turned[second].astype(np.float32)
    squares = (a * a).sum(1) * (b * b).sum(1)
    cosines: npt.NDArray[np.float32] = (a * b).sum(1) / np.sqrt(squares)
    return cosines


def _rows(first: npt.NDArray[np.int64], second: npt.NDArray[np.int64], symmetry: int) -> Candidates:
    """Rows with the smaller picture first; then the symmetry is the one that turns back."""
    back = {5: 6, 6: 5}.get(symmetry, symmetry)
    turns = np.where(first < second, symmetry, back)
    return np.stack([np.minimum(first, second), np.maximum(first, second), turns], axis=1)


def _closest_first(
    stored: Fingerprints, rows: Candidates, usable: npt.NDArray[np.int64]
) -> tuple[Candidates, npt.NDArray[np.float32]]:
    cosines = np.empty(len(rows), np.float32)
    for symmetry in range(len(SYMMETRIES)):
        chosen = np.flatnonzero(rows[:, 2] == symmetry)
        for part in np.array_split(chosen, len(chosen) // _BLOCK + 1):
            second = turned_fingerprints(stored[rows[part, 1]], symmetry)
            places = np.arange(len(part))
            cosines[part] = _cosines(stored, second, rows[part, 0], places)
    closest = np.lexsort((rows[:, 2], rows[:, 1], rows[:, 0], -cosines))
    rows, cosines = rows[closest], cosines[closest]
    _, once = np.unique(rows[:, :2], axis=0, return_index=True)
    once.sort()
    rows, cosines = rows[once], cosines[once]
    rows[:, :2] = usable[rows[:, :2]]
    return rows, cosines
