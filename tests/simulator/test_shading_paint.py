"""The patterns of the road's paint: exact at a point, and true to their area under any footprint."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.kernels import njit
from simulator.scene.tables import ARROW, CROSSWALK, MARKING
from simulator.sensors.lanes import LANES, all_lanes, load, store
from simulator.sensors.paint import painted
from simulator.sensors.shading import ribbons


@njit
def shares(kind, params, u, v, wide_u, wide_v):
    """covered() at all points of a grid; u is a whole number of LANES long."""
    out = np.empty((len(v), len(u)), np.float32)
    row = np.empty((1, len(u)), np.float32)
    row[0] = u
    for j in range(len(v)):
        for i in range(0, len(u), LANES):
            at = load(row, 0, i)
            place = all_lanes(np.float32(v[j])), all_lanes(np.float32(wide_u)), all_lanes(np.float32(wide_v))
            store(out, j, i, ribbons.covered(kind, params, at, *place))
    return out


def covered(kind, params, u, v, wide_u, wide_v):
    padded = np.concatenate([u, np.zeros(-len(u) % LANES)]).astype(np.float32)
    return shares(kind, params, padded, v, wide_u, wide_v)[:, : len(u)]


@njit
def points(kind, params, u, v):
    """painted() at all points of a grid."""
    out = np.empty((len(v), len(u)))
    for j in range(len(v)):
        for i in range(len(u)):
            out[j, i] = 1.0 if painted(kind, params, u[i], v[j]) else 0.0
    return out


def params(*values):
    return np.array([*values, *[0.0] * (8 - len(values))], np.float32)


def point(kind, values, u, v):
    return float(painted(kind, params(*values), u, v))


def test_a_solid_line_is_as_wide_as_its_stroke():
    for v, expected in ((0.0, 1.0), (0.07, 1.0), (0.08, 0.0), (-0.07, 1.0), (-0.08, 0.0)):
        assert point(MARKING, (0.075,), 3.3, v) == expected


def test_dashes_begin_at_multiples_of_dash_and_gap():
    for u, expected in ((0.1, 1.0), (2.9, 1.0), (3.1, 0.0), (11.9, 0.0), (12.1, 1.0), (-0.1, 0.0), (-11.9, 1.0)):
        assert point(MARKING, (0.075, 0.0, 3.0, 9.0), u, 0.0) == expected


def test_of_two_strokes_the_left_one_can_be_dashed():
    values = (0.05, 0.2, 3.0, 9.0, 0.0, 0.0)  # left dashed, right solid
    assert point(MARKING, values, 5.0, -0.1) == 0.0
    assert point(MARKING, values, 5.0, 0.1) == 1.0
    assert point(MARKING, values, 1.0, -0.1) == 1.0
    assert point(MARKING, values, 1.0, 0.0) == 0.0  # between them


def test_a_crosswalk_begins_with_a_stripe():
    assert [point(CROSSWALK, (0.5, 0.6), u, 1.0) for u in (0.1, 0.4, 0.6, 1.0, 1.2)] == [1.0, 1.0, 0.0, 0.0, 1.0]


@pytest.mark.parametrize(("bits", "side"), [(2, -1.0), (4, 1.0)])
def test_an_arrow_points_to_its_side(bits, side):
    u, v = np.linspace(-1.0, 1.0, 101), np.linspace(0.0, 5.0, 251)
    paint = points(ARROW, params(bits, 5.0), u, v)
    beside = paint[:, u * side > 0.3].sum()
    assert beside > 100
    assert paint[:, u * side < -0.3].sum() == 0


def test_an_arrow_ahead_ends_in_a_tip_and_stays_in_its_length():
    u, v = np.linspace(-1.0, 1.0, 201), np.linspace(-1.0, 6.0, 701)
    paint = points(ARROW, params(1, 5.0), u, v)
    wide = paint.sum(axis=1) * 0.01
    assert wide[v < -0.001].max() == wide[v > 5.001].max() == 0.0
    assert wide[np.abs(v - 3.2) < 0.02].max() > 3 * wide[np.abs(v - 1.0) < 0.02].max()
    assert 0.0 < wide[np.abs(v - 4.9) < 0.02].max() < wide[np.abs(v - 4.0) < 0.02].max()


@settings(max_examples=60, deadline=None)
@given(
    st.floats(0.03, 0.3),
    st.floats(0.0, 0.6),
    st.sampled_from([(0.0, 0.0), (3.0, 9.0), (0.5, 0.5)]),
    st.floats(0.01, 4.0),
    st.floats(0.01, 4.0),
)
def test_any_footprint_keeps_the_painted_area_of_a_marking(half, apart, dash, wide_u, wide_v):
    values = params(half, max(apart, 2.2 * half) if apart > 0.1 else 0.0, *dash, *dash)
    u, v = np.arange(600) * 0.04, np.linspace(-4.0, 4.0, 1601)
    area = covered(MARKING, values, u, v, wide_u, wide_v).mean()
    strokes = 2.0 if values[1] > 0.0 else 1.0
    share = dash[0] / sum(dash) if dash[0] else 1.0
    assert area == pytest.approx(strokes * 2.0 * half * share / 8.0, rel=0.02)


@settings(max_examples=30, deadline=None)
@given(st.floats(0.05, 3.0), st.floats(0.05, 3.0), st.integers(1, 7))
def test_any_footprint_keeps_an_arrows_area(wide_u, wide_v, bits):
    u, v = np.linspace(-4.0, 4.0, 321), np.linspace(-4.0, 9.0, 261)
    exact = points(ARROW, params(bits, 5.0), u, v).mean()
    soft = covered(ARROW, params(bits, 5.0), u, v, wide_u, wide_v).mean()
    assert soft == pytest.approx(exact, rel=0.06)


def test_coverage_never_leaves_0_to_1():
    random = np.random.default_rng(3)
    for kind, values in ((MARKING, (0.1, 0.2, 1, 2, 3, 4)), (CROSSWALK, (0.5, 0.5)), (ARROW, (7, 4.0))):
        for _ in range(20):
            u, v = random.uniform(-6, 6, (2, 32))
            part = covered(kind, params(*values), u, v, random.uniform(0.001, 5), random.uniform(0.001, 5))
            assert part.min() >= 0.0
            assert part.max() <= 1.0


def test_a_tiny_footprint_is_a_point():
    u, v = np.linspace(-3.0, 3.0, 320), np.linspace(-1.0, 6.0, 300)
    for kind, values in ((MARKING, (0.1, 0.3, 1, 2, 3, 4)), (CROSSWALK, (0.5, 0.6)), (ARROW, (7, 5.0))):
        sharp = points(kind, params(*values), u, v)
        assert (np.abs(covered(kind, params(*values), u, v, 0.0005, 0.0005) - sharp) > 0.01).mean() < 0.01
