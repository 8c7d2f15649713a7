"""The grids of a town's shadows against rays towards the sun, and from window to window."""

import numpy as np
import pytest

from simulator.kernels import njit
from simulator.scene.tables import ASPHALT, FOLIAGE, PLAIN
from simulator.sensors.shading.shadows import clear_of_shadow, ground_lit, shade_of
from tests.simulator.drawn_triangles import box, geometry, ground, materials

TABLE = materials({"kind": ASPHALT}, {"kind": PLAIN}, {"kind": FOLIAGE})


def town(*things):
    """Things are (triangles, row of the material), each a group of its own."""
    return geometry([thing[0] for thing in things], material=[thing[1] for thing in things for _ in thing[0]])


@njit
def clear_at(shade, points):
    out = np.empty(len(points), np.float32)
    for k in range(len(points)):
        out[k] = clear_of_shadow(shade, points[k, 0], points[k, 1], points[k, 2])
    return out


@njit
def lit_at(shade, level, points):
    out = np.empty(len(points), np.float32)
    for k in range(len(points)):
        out[k] = ground_lit(shade, level, points[k, 0], points[k, 1])
    return out


def to_sun(azimuth_deg, altitude_deg):
    a, h = np.radians([azimuth_deg, altitude_deg])
    return np.array([np.cos(h) * np.cos(a), np.cos(h) * np.sin(a), np.sin(h)])


HOUSES = (((0, 0, 4), (3, 5, 4), 0.0), ((14, 6, 2), (2, 2, 2), 0.6), ((-12, -9, 6), (0.3, 0.3, 6), 0.0))
BLOCKS = np.concatenate([box(*house) for house in HOUSES])


def in_shadow(points, sun):
    """Whether the way from each point to the sun meets one of the houses: slabs, one after the other."""
    dark = np.zeros(len(points), bool)
    for center, half, yaw in HOUSES:
        c, s = np.cos(yaw), np.sin(yaw)
        turn = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
        at, way = (points - center) @ turn, sun @ turn
        with np.errstate(divide="ignore", invalid="ignore"):
            one, two = (-np.array(half) - at) / way, (np.array(half) - at) / way
        enters, leaves = np.minimum(one, two).max(axis=1), np.maximum(one, two).min(axis=1)
        dark |= (enters < leaves) & (leaves > 0)
    return dark


@pytest.mark.parametrize(("azimuth", "altitude"), [(0, 45), (70, 20), (200, 70), (315, 10)])
def test_a_place_is_dark_where_a_ray_to_the_sun_meets_something(azimuth, altitude):
    static = town((ground(60.0, 20.0), 0), (BLOCKS, 1))
    shade = shade_of(static, TABLE, azimuth, altitude, 0.0, 0.0)
    random = np.random.default_rng(1)
    points = np.concatenate([random.uniform(-25, 25, (6000, 2)), random.uniform(0.05, 6.0, (6000, 1))], axis=1)
    points[:3000, 2] = 0.0
    outside = ~((np.abs(points[:, 0]) < 3.5) & (np.abs(points[:, 1]) < 5.5))
    points = points[outside]
    sun = to_sun(azimuth, altitude)
    dark = in_shadow(points, sun)
    # Near a shadow's edge the grid is soft: compare where all places around say the same.
    sure = np.ones(len(points), bool)
    for step in 0.6 * np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0]]):
        sure &= in_shadow(points + step, sun) == dark
    clear = clear_at(shade, points.astype(np.float32))
    assert sure.sum() > 3000
    assert dark[sure].sum() > 40
    assert (np.abs(clear[sure] - ~dark[sure]) < 0.5).mean() > 0.995
    low = sure & (points[:, 2] == 0.0)
    lit = lit_at(shade, 0, points.astype(np.float32))
    assert (np.abs(lit[low] - ~dark[low]) < 0.5).mean() > 0.99


def test_thin_poles_throw_a_shadow_too():
    static = town((ground(40.0, 20.0), 0), (box((0.07, 0.11, 3), (0.04, 0.04, 3)), 1))
    shade = shade_of(static, TABLE, 0.0, 45.0, 0.0, 0.0)
    along = np.zeros((20, 3), np.float32)
    along[:, 0] = np.linspace(-5.0, -1.0, 20)
    along[:, 1] = 0.11
    assert lit_at(shade, 0, along).max() < 0.9
    along[:, 1] = 1.5
    assert lit_at(shade, 0, along).min() == 1.0


def test_leaves_let_some_light_through():
    crown = box((0, 0, 8), (4, 4, 1))
    solid = shade_of(town((ground(40.0, 20.0), 0), (crown, 1)), TABLE, 0.0, 60.0, 0.0, 0.0)
    leaves = shade_of(town((ground(40.0, 20.0), 0), (crown, 2)), TABLE, 0.0, 60.0, 0.0, 0.0)
    points = np.zeros((300, 3), np.float32)
    points[:, :2] = np.random.default_rng(2).uniform(-2, 2, (300, 2)) - [4.0, 0.0]
    assert lit_at(solid, 0, points).max() < 0.05
    assert 0.05 < lit_at(leaves, 0, points).mean() < 0.5


def test_coarser_levels_keep_the_mean_light():
    static = town((ground(60.0, 20.0), 0), (BLOCKS, 1))
    shade = shade_of(static, TABLE, 30.0, 40.0, 0.0, 0.0)
    x, y = np.meshgrid(np.arange(-24, 24, 0.25) + 0.125, np.arange(-24, 24, 0.25) + 0.125)
    points = np.stack([x.ravel(), y.ravel(), 0 * x.ravel()], axis=1).astype(np.float32)
    means = [lit_at(shade, level, points).mean() for level in range(5)]
    assert means == pytest.approx([means[0]] * 5, abs=0.01)
    assert 0.7 < means[0] < 0.98


def test_without_sun_nothing_is_in_shadow_and_grids_are_small():
    shade = shade_of(town((ground(60.0, 20.0), 0), (BLOCKS, 1)), TABLE, 30.0, -40.0, 0.0, 0.0)
    assert shade.top.size < 100
    assert clear_at(shade, np.zeros((1, 3), np.float32))[0] == 1.0
    assert shade.ground_z.max() == 0.0  # lamps need it by night


def test_ground_under_a_bridge_is_told():
    bridge = ground(10.0, 10.0, z=6.0)
    flat = town((ground(60.0, 20.0), 0), (BLOCKS, 1))
    crossed = town((ground(60.0, 5.0), 0), (bridge, 0), (BLOCKS, 1))
    assert shade_of(flat, TABLE, 0, 45, 0, 0).has_levels == 0
    shade = shade_of(crossed, TABLE, 0, 60, 0, 0)
    assert shade.has_levels == 1
    under, beside = np.array([[-2.0, 8.0, 0.0], [-2.0, 30.0, 0.0]], np.float32)
    assert clear_at(shade, under[None])[0] == 0.0
    assert clear_at(shade, beside[None])[0] == 1.0
    assert clear_at(shade, np.array([[-2.0, 8.0, 6.0]], np.float32))[0] == 1.0  # on the bridge


def test_moving_to_the_next_window_changes_nothing_nearby():
    random = np.random.default_rng(4)
    houses = np.concatenate(
        [box((*random.uniform(-900, 900, 2), 5), (*random.uniform(3, 9, 2), 5)) for _ in range(900)]
    )
    static = town((ground(1000.0, 100.0), 0), (houses, 1))
    here, there = (shade_of(static, TABLE, 33.0, 30.0, x, 10.0) for x in (95.0, 97.0))
    assert here.x0 != there.x0
    points = np.zeros((4000, 3), np.float32)
    points[:, :2] = random.uniform((-104, -190), (296, 210), (4000, 2))
    lit = lit_at(here, 0, points)
    assert 0.02 < (lit < 0.5).mean() < 0.5
    assert np.abs(lit - lit_at(there, 0, points)).max() < 0.02
    points[:, 2] = 3.0
    assert np.abs(clear_at(here, points) - clear_at(there, points)).max() < 0.02
