"""Shapes laid on a surface, and what carries roads that are above the land."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.maps import town
from simulator.maps.ground import build_surface, flat_surface, ground
from simulator.maps.library import MapLibrary
from simulator.maps.town import Surface, TownMap
from simulator.scene.chunks import assemble
from simulator.scene.drape import drape
from simulator.scene.earthworks import earthwork_parts
from simulator.scene.materials import Materials
from simulator.scene.terrain import terrain_parts

SHARED_MAPS = Path(__file__).parents[2].parent / "shared" / "maps"


def surface_of(triangles: list[list[list[float]]], labels: list[int] | None = None, land_z: float = -0.1) -> Surface:
    vertices = np.array(triangles, np.float64).reshape(-1, 3)
    count = len(triangles)
    return build_surface(
        vertices,
        np.arange(3 * count, dtype=np.int32).reshape(-1, 3),
        np.array(labels or [town.ROADS] * count, np.uint8),
        np.zeros(count, np.int32),
        np.full((11, 11), land_z),
        100.0,
        -500.0,
        -500.0,
    )


def square(x: float, y: float, size: float, z: float = 0.0, rise: float = 0.0) -> list[list[list[float]]]:
    """Two triangles; z rises along x."""
    a, b = [x, y, z], [x + size, y, z + rise * size]
    c, d = [x + size, y + size, z + rise * size], [x, y + size, z]
    return [[a, b, c], [a, c, d]]


def rectangle(x0: float, y0: float, x1: float, y1: float, z: float = 0.0) -> np.ndarray:
    return np.array([[[x0, y0, z], [x1, y0, z], [x1, y1, z], [x0, y1, z]]])


def areas(corners: np.ndarray) -> np.ndarray:
    """Signed, seen from above."""
    u, v = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    return 0.5 * (u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0])


def all_of(surface: Surface) -> np.ndarray:
    return np.ones(len(surface.triangles), bool)


# --- draping ---------------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    x=st.floats(0.5, 6.0), y=st.floats(0.5, 6.0), wide=st.floats(0.1, 3.0), deep=st.floats(0.1, 3.0),
    rise=st.floats(-0.2, 0.2), flipped=st.booleans(),
)  # fmt: skip
def test_a_shape_is_covered_once_and_lies_in_the_surface(x, y, wide, deep, rise, flipped):
    surface = surface_of(
        [t for i in range(5) for j in range(5) for t in square(2.0 * i, 2.0 * j, 2.0, 0.4 * rise * i * 5, rise)]
    )
    shape = rectangle(x, y, x + wide, y + deep, rise * (x + 0.5 * wide))
    draped = drape(surface, shape[:, ::-1] if flipped else shape, all_of(surface))
    assert (areas(draped.corners) > 0.0).all()
    assert areas(draped.corners).sum() == pytest.approx(wide * deep, abs=1e-3)
    assert draped.corners[..., 2] == pytest.approx(rise * draped.corners[..., 0], abs=1e-9)
    assert draped.corners[..., 0].min() > x - 1e-9
    assert draped.corners[..., 1].max() < y + deep + 1e-9
    assert (draped.shape == 0).all()


def test_where_two_triangles_lie_over_each_other_the_higher_one_is_covered():
    surface = surface_of([*square(0.0, 0.0, 10.0), *square(4.0, 0.0, 10.0, 0.05)])
    draped = drape(surface, rectangle(1.0, 1.0, 9.0, 2.0), all_of(surface))
    high = draped.corners[..., 2].mean(axis=1) > 0.04
    assert areas(draped.corners)[high].sum() == pytest.approx(5.0, abs=1e-3)
    assert areas(draped.corners)[~high].sum() == pytest.approx(3.0, abs=1e-3)


def test_triangles_that_are_not_wanted_hide_what_is_beneath():
    surface = surface_of([*square(0.0, 0.0, 10.0), *square(4.0, 0.0, 10.0, 0.05)], [1, 1, 2, 2])
    draped = drape(surface, rectangle(1.0, 1.0, 9.0, 2.0), surface.label == town.ROADS)
    assert areas(draped.corners).sum() == pytest.approx(3.0, abs=1e-3)
    assert (draped.corners[..., 2] == 0.0).all()


def test_bridges_above_and_roads_below_are_left_alone():
    surface = surface_of([*square(0.0, 0.0, 10.0), *square(0.0, 0.0, 10.0, 6.0)])
    for level in (0.0, 6.0):
        draped = drape(surface, rectangle(1.0, 1.0, 3.0, 2.0, level), all_of(surface))
        assert areas(draped.corners).sum() == pytest.approx(2.0, abs=1e-3)
        assert (draped.corners[..., 2] == level).all()


def test_what_lies_beside_the_surface_is_dropped():
    surface = surface_of(square(0.0, 0.0, 4.0))
    shapes = np.concatenate((rectangle(50.0, 0.0, 51.0, 1.0), rectangle(3.0, 1.0, 9.0, 2.0)))
    draped = drape(surface, shapes, all_of(surface))
    assert set(draped.shape.tolist()) == {1}
    assert areas(draped.corners).sum() == pytest.approx(1.0, abs=1e-3)
    assert len(drape(surface, rectangle(50.0, 0.0, 51.0, 1.0), all_of(surface)).shape) == 0


def test_many_pieces_find_room():
    """More triangles than the first guess has room for."""
    surface = surface_of([t for i in range(30) for j in range(30) for t in square(0.5 * i, 0.5 * j, 0.5)])
    draped = drape(surface, rectangle(0.1, 0.1, 14.9, 14.9), all_of(surface))
    assert len(draped.shape) > 1000
    assert areas(draped.corners).sum() == pytest.approx(14.8**2, abs=0.01)


def test_a_crosswalk_as_large_as_a_town_does_no_harm():
    """Files of clients may hold anything: a part of it is laid, and within the surface."""
    surface = surface_of([t for i in range(60) for j in range(60) for t in square(float(i), float(j), 1.0)])
    draped = drape(surface, rectangle(-1e4, -1e4, 1e4, 1e4), all_of(surface))
    assert 0.0 < areas(draped.corners).sum() <= 3600.0 + 1e-3
    assert draped.corners.min() >= 0.0
    assert draped.corners.max() <= 60.0


# --- banks, walls and decks ------------------------------------------------------------------------------------------


def built(surface: Surface) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Corners, normals and labels of all that carries the roads."""
    materials = Materials()
    geometry = assemble(earthwork_parts(surface, materials))
    corners = geometry.vertices[geometry.triangles].astype(np.float64)
    return corners, geometry.normal, materials.table()["label"][geometry.material]


def test_a_road_above_the_land_has_sides_all_around():
    corners, normals, labels = built(surface_of(square(0.0, 0.0, 10.0), land_z=-0.5))
    assert (labels == town.TERRAIN).all()
    assert set(map(tuple, np.round(normals, 3).tolist())) == {(1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0)}
    for axis, side, place in ((0, 1, 10.0), (0, -1, 0.0), (1, 1, 10.0), (1, -1, 0.0)):
        wall = corners[np.round(normals[:, axis]) == side]
        assert (wall[..., axis] == place).all()  # facing away from the road
        assert wall[..., 2].max() == 0.0
        assert wall[..., 2].min() < -0.5


def test_neighbours_have_no_wall_between_them():
    corners, _, _ = built(surface_of([*square(0.0, 0.0, 10.0), *square(10.0, 0.0, 10.0)], land_z=-0.5))
    assert not (corners[..., 0] == 10.0).all(axis=1).any()


def test_a_high_road_stands_on_concrete():
    _, _, labels = built(surface_of(square(0.0, 0.0, 10.0), land_z=-3.0))
    assert (labels == town.BRIDGE).all()


def test_a_road_over_a_road_is_a_deck():
    """Six metres up, over a road of ten metres: an underside above it, walls beside it, and nothing in its way."""
    strip = [t for x in range(-60, 60, 10) for t in square(float(x), 0.0, 10.0, 6.0)]
    surface = surface_of([*strip, *square(-5.0, -40.0, 10.0), *square(-5.0, -30.0, 10.0), *square(-5.0, -20.0, 10.0),
                          *square(-5.0, -10.0, 10.0), *square(-5.0, 0.0, 10.0), *square(-5.0, 10.0, 10.0)])  # fmt: skip
    corners, normals, labels = built(surface)
    under = normals[:, 2] < -0.99
    assert under.any()
    assert (labels[under] == town.BRIDGE).all()
    assert (corners[under][..., 2] < 5.5).all()
    xs = corners[under][..., 0]
    assert xs.min() < -5.0
    assert xs.max() > 5.0
    assert xs.max() - xs.min() < 60.0  # the rest of the road stands on the land
    in_the_way = (corners[..., 0].min(axis=1) > -5.0 + 1e-6) & (corners[..., 0].max(axis=1) < 5.0 - 1e-6)
    in_the_way &= (corners[..., 2].min(axis=1) < 4.0) & (corners[..., 2].max(axis=1) > 0.5)
    assert not in_the_way.any()


@pytest.fixture(scope="module", params=["Interchange", "Quarter", "Town04"])
def a_town(request: pytest.FixtureRequest) -> TownMap:
    library = MapLibrary(SHARED_MAPS if SHARED_MAPS.is_dir() else None)
    if request.param not in library.names():
        pytest.skip(f"{request.param}.xodr is not there")
    return library.load(request.param)


def test_nothing_that_carries_a_road_is_above_it(a_town: TownMap):
    surface = a_town.surface
    corners, normals, _ = built(surface)
    rng = np.random.default_rng(1)
    upright = np.flatnonzero(np.abs(normals[:, 2]) < 0.5)
    for row in rng.choice(upright, 300).tolist():
        for corner in corners[row]:
            here = np.abs(surface.vertices[:, :2] - corner[:2]).max(axis=1) < 1e-3
            assert surface.vertices[here, 2].max() > corner[2] - 1e-3


def test_who_drives_under_a_bridge_sees_its_underside(a_town: TownMap):
    surface = a_town.surface
    corners, normals, _ = built(surface)
    under = corners[normals[:, 2] < -0.5]
    assert len(under) > 20
    crossed = 0
    for middle in under.mean(axis=1):
        z, *_, triangle = ground(surface, middle[0], middle[1], middle[2] - 1.0)
        crossed += triangle >= 0
        assert middle[2] - z > 1.0
    assert crossed > 5


# --- the land --------------------------------------------------------------------------------------------------------


def test_flat_land_is_a_few_triangles():
    parts = terrain_parts(flat_surface(), 0)
    assert sum(len(part.triangles) for part in parts) < 40


def test_hills_keep_their_heights_at_the_corners_of_the_grid():
    surface = flat_surface()
    rng = np.random.default_rng(3)
    surface = surface._replace(
        terrain=rng.uniform(-3.0, 0.0, (37, 41)), terrain_cell=10.0, terrain_x0=-200.0, terrain_y0=-180.0
    )
    geometry = assemble(terrain_parts(surface, 0))
    near = np.repeat(geometry.nearest_m == 0.0, np.diff(geometry.group_start))
    corners = geometry.vertices[geometry.triangles[near]].astype(np.float64)
    for row, column in ((0, 0), (5, 7), (36, 40), (16, 16), (20, 33)):
        place = np.array([-200.0 + 10.0 * column, -180.0 + 10.0 * row, surface.terrain[row, column]])
        assert np.abs(corners - place).max(axis=2).min() < 1e-4
