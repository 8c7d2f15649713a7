"""Sixteen numbers at a time do what numpy does to each."""

import threading

import numpy as np
import pytest
from numba.core.errors import TypingError

from simulator.kernels import lean_njit, njit
from simulator.sensors.lanes import (
    LANES,
    all_lanes,
    any_lane,
    bits_of,
    choose,
    floor_of,
    lane_numbers,
    load,
    lowest_bit,
    root,
    store,
    take,
    take_bytes,
    to_floats,
    to_ints,
)
from simulator.sensors.raster.claims import claim

HALF = np.float32(0.5)


@lean_njit
def work(a, b, table, letters, out, numbers):
    for x in range(0, a.shape[1], LANES):
        p, q = load(a, 0, x), load(b, 0, x)
        store(out, 0, x, p + q)
        store(out, 1, x, p - q)
        store(out, 2, x, p * q)
        store(out, 3, x, p / q)
        store(out, 4, x, min(p, q))
        store(out, 5, x, max(p, HALF))
        store(out, 6, x, root(max(p, HALF)))
        store(out, 7, x, floor_of(p))
        store(out, 8, x, choose((p < q) & (q >= HALF), p, q))
        store(out, 9, x, choose((p <= q) | (p > HALF), HALF, q))
        whole = to_ints(p)
        store(out, 10, x, to_floats(whole))
        at = ((whole << 3) + 5) & 31
        store(out, 11, x, take(table, at))
        store(out, 12, x, HALF - p)
        store(out, 13, x, lane_numbers() + np.float32(x))
        total = all_lanes(HALF)
        total += p
        total *= q
        store(out, 14, x, total)
        store(numbers, 0, x, take_bytes(letters, at))
        store(numbers, 1, x, (whole * 3 - 7) | 1)
        store(numbers, 2, x, (whole >> 28) ^ 5)


def test_all_operations_are_those_of_numpy():
    random = np.random.default_rng(1)
    a, b = random.uniform(-40.0, 40.0, (2, 1, 3 * LANES)).astype(np.float32)
    table, letters = random.random(32).astype(np.float32), random.integers(0, 256, 40).astype(np.uint8)
    out, numbers = np.zeros((15, 3 * LANES), np.float32), np.zeros((3, 3 * LANES), np.uint32)
    work(a, b, table, letters, out, numbers)
    p, q, half = a[0], b[0], np.float32(0.5)
    whole = p.astype(np.int32)
    at = ((whole << 3) + 5) & 31
    assert (at >= 0).all()
    expected = [
        p + q,
        p - q,
        p * q,
        p / q,
        np.minimum(p, q),
        np.maximum(p, half),
        np.sqrt(np.maximum(p, half)),
        np.floor(p),
        np.where((p < q) & (q >= half), p, q),
        np.where((p <= q) | (p > half), half, q),
        whole.astype(np.float32),
        table[at],
        half - p,
        np.arange(3 * LANES, dtype=np.float32),
        (half + p) * q,
    ]
    for row, (mine, wanted) in enumerate(zip(out, expected, strict=True)):
        assert (mine == wanted).all(), row
    fours = sum(letters[at + k].astype(np.uint32) << np.uint32(8 * k) for k in range(4))
    assert (numbers[0] == fours).all()
    assert (numbers[1] == ((whole * 3 - 7) | 1).astype(np.uint32)).all()
    assert (numbers[2] == (whole.astype(np.uint32) >> 28) ^ 5).all()


@lean_njit
def scalars(x, table, letters):
    whole = to_ints(x)
    return root(x), floor_of(x), to_floats(whole), choose(x < HALF, x, HALF), take(table, whole), take_bytes(letters, 1)


def test_the_same_functions_take_numbers():
    got = scalars(np.float32(2.25), np.arange(4, dtype=np.float32), np.arange(8, dtype=np.uint8))
    assert got == (1.5, 2.0, 2.0, 0.5, 2.0, 0x04030201)


@lean_njit
def somewhere(a, limit):
    return any_lane(load(a, 0, 0) > limit)


def test_one_lane_is_enough_for_any():
    a = np.zeros((1, LANES), np.float32)
    assert not somewhere(a, np.float32(0.5))
    a[0, 11] = 1.0
    assert somewhere(a, np.float32(0.5))


@lean_njit
def bits(a, whole):
    found = bits_of(load(a, 0, 0) > HALF)
    store(whole, 0, 0, choose(load(whole, 0, 0) != all_lanes(3), load(whole, 0, 0), all_lanes(-1)))
    return found, lowest_bit(found)


def test_conditions_become_bits():
    a, whole = np.zeros((1, LANES), np.float32), np.arange(LANES, dtype=np.int32)[None].copy()
    a[0, [5, 11]] = 1.0
    assert bits(a, whole) == (1 << 5 | 1 << 11, 5)
    assert whole[0].tolist() == [0, 1, 2, -1, *range(4, LANES)]


def test_double_precision_does_not_creep_in():
    @njit
    def creeps(a):
        store(a, 0, 0, load(a, 0, 0) * 0.5)

    with pytest.raises(TypingError):
        creeps(np.zeros((1, LANES), np.float32))


@lean_njit
def take_all(counter, most, mine):
    n = 0
    while True:
        k = claim(counter)
        if k >= most:
            return n
        mine[n] = k
        n += 1


def test_every_claim_is_made_once():
    counter, most = np.zeros(1, np.int64), 200_000
    shares = [np.full(most, -1, np.int64) for _ in range(4)]
    take_all(np.full(1, most), most, shares[0])  # compiled before the threads begin
    threads = [threading.Thread(target=take_all, args=(counter, most, share)) for share in shares]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    claimed = np.concatenate([share[share >= 0] for share in shares])
    assert (np.sort(claimed) == np.arange(most)).all()
