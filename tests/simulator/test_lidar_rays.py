"""The ray caster against the slow and plain way: every ray, every triangle, double precision."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.typing import NDArray

from simulator.scene.tables import MARKING, Frame
from simulator.sensors.ray_cast import Hits, Rays, cast, sort_rays
from simulator.world.pose import Pose, rotation
from tests.simulator.drawn_triangles import box, frame, geometry, ground, instances, materials, plain_cast

F8 = NDArray[np.float64]


def directions(azimuths: F8, elevations: F8, pose: Pose, grid: bool) -> F8:
    """Of all rays, in world axes, in the order of a cast's results."""
    a, e = np.meshgrid(azimuths, elevations, indexing="ij") if grid else (azimuths[:, None], elevations[:, None])
    local = np.stack([np.cos(e) * np.cos(a), np.cos(e) * np.sin(a), np.sin(e)], axis=-1).reshape(-1, 3)
    return local @ np.array(rotation(pose)).T


def compare(scene: Frame, pose: Pose, azimuths: F8, elevations: F8, reach_m: float, grid: bool) -> int:
    """Asserts that all rays agree; returns how many hit something."""
    hits = cast(scene, pose, sort_rays(azimuths, elevations, reach_m, grid=grid), paint=True)
    corners = np.concatenate([g.vertices[g.triangles] for g in (scene.static, scene.movers)])
    expected, number = plain_cast(corners, np.array(pose[:3]), directions(azimuths, elevations, pose, grid), reach_m)
    met = hits.triangle.ravel() >= 0
    assert np.array_equal(met, np.isfinite(expected))
    assert np.array_equal(hits.triangle.ravel(), number)
    assert np.abs(hits.distance_m.ravel()[met] - expected[met]).max(initial=0.0) < 1e-4
    return int(met.sum())


def soup(rng: np.random.Generator, count: int = 240) -> Frame:
    """Triangles of all sizes around the origin, some of them around it, in four groups."""
    middle = rng.normal(size=(count, 1, 3)) * rng.choice([2, 10, 30], (count, 1, 1))
    corners = (middle + rng.normal(size=(count, 3, 3)) * rng.choice([0.3, 3, 20], (count, 1, 1))).astype(np.float32)
    a, b, c = count // 6, count // 2, count * 2 // 3
    return frame(geometry([corners[:a], corners[a:b]]), geometry([corners[b:c], corners[c:]]))


# -- against the plain way -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("span_rad", [2 * np.pi, np.pi, 1.2, 9.0], ids=["turn", "half", "sector", "more than a turn"])
@pytest.mark.parametrize(
    ("low", "high"),
    [(-np.pi / 2, np.pi / 2), (-0.52, 0.17), (-1.0, -0.3), (0.2, 1.2)],
    ids=["all", "car", "down", "up"],
)
def test_every_ray_of_a_turning_fan(span_rad: float, low: float, high: float) -> None:
    rng = np.random.default_rng([int(100 * span_rad), int(100 * low) + 1000])
    azimuths = rng.uniform(-9, 9) + np.arange(150) * span_rad / 150
    pose = Pose(*rng.normal(size=3), *rng.uniform(-np.pi, np.pi, 3))
    assert compare(soup(rng), pose, azimuths, np.linspace(low, high, 24), 40.0, grid=True) > 500


def test_rays_in_any_order() -> None:
    rng = np.random.default_rng(5)
    pose = Pose(*rng.normal(size=3), *rng.uniform(-np.pi, np.pi, 3))
    azimuths, elevations = rng.uniform(-10, 10, 800), rng.uniform(-np.pi / 2, np.pi / 2, 800)
    assert compare(soup(rng), pose, azimuths, elevations, 40.0, grid=False) > 400


def test_a_car_like_view_of_a_street() -> None:
    rng = np.random.default_rng(11)
    houses = [box((x, y, 5), (6, 4, 5), rng.uniform(0, 3)) for x in range(-60, 61, 20) for y in (-15, 15)]
    cars = [box((x, y, 0.8), (2.2, 0.9, 0.8), 0.03 * x) for x in (-30, -8, 9, 25) for y in (-2, 2)]
    scene = frame(geometry([ground(80, 5), *houses]), geometry(cars))
    pose = Pose(0.37, 0.61, 2.4, 0.02, -0.03, 0.7)
    assert (
        compare(scene, pose, np.linspace(-np.pi, np.pi, 361)[:-1], np.radians(np.linspace(-30, 10, 32)), 60, True)
        > 8000
    )


# -- where azimuths are special --------------------------------------------------------------------------------------


@pytest.mark.parametrize("height_m", [3.0, -3.0], ids=["overhead", "underneath"])
@pytest.mark.parametrize("yaw", [0.0, 0.4])
def test_a_triangle_around_the_pole(height_m: float, yaw: float) -> None:
    corners = np.array([[-20.0, -15, height_m], [22, -11, height_m], [1, 25, height_m]])
    seen_from_here = corners[::-1] if height_m > 0 else corners
    scene = frame(geometry([seen_from_here[None]]))
    azimuths = np.linspace(-np.pi, np.pi, 91)[:-1]
    elevations = np.radians([-90, -80, -45, -20, -9, 0, 9, 20, 45, 80, 90.0])
    hit = compare(scene, Pose(yaw=yaw), azimuths, elevations, 100.0, grid=True)
    # All steep rays of one side, and some of the flat ones towards its corners.
    assert 90 * 3 < hit < 90 * 5
    # The rays at 90 degrees, which have no azimuth, meet it straight above or below.
    hits = cast(scene, Pose(yaw=yaw), sort_rays(azimuths, elevations, 100.0, grid=True), paint=True)
    assert hits.distance_m[:, -1 if height_m > 0 else 0] == pytest.approx([3.0] * 90)


@pytest.mark.parametrize("first", [-np.pi, 0.0, 0.5 * np.pi, 3.0])
def test_a_wall_across_the_cut_of_the_circle(first: float) -> None:
    wall = np.array([[[-10.0, 8, -2], [-10, -8, -2], [-10, 0, 6]]])
    wall = wall if np.cross(wall[0, 1] - wall[0, 0], wall[0, 2] - wall[0, 0])[0] > 0 else wall[:, ::-1]
    azimuths = first + np.arange(720) * np.pi / 360
    hit = compare(frame(geometry([wall])), Pose(), azimuths, np.radians(np.arange(-10, 31.0)), 50.0, grid=True)
    assert hit > 3000


def test_corners_and_rays_on_the_axes() -> None:
    # Corners exactly behind the sensor, where azimuths jump, and columns that pass through corners.
    fence = [
        np.array([[[-5.0, -2, -1], [-5, 0, -1], [-5, 0, 1]], [[-5.0, 0, -1], [-5, 2, -1], [-5, 0, 1]]])[:, ::order]
        for order in (1, -1)
    ]
    azimuths = np.radians(np.arange(-180, 180, 1.0))
    hits = cast(frame(geometry(fence)), Pose(), sort_rays(azimuths, np.array([0.0]), 20.0, grid=True), paint=False)
    # Half way up it is 2 m wide: 1 m at 5 m is 11.3 degrees.
    behind = np.abs(np.abs(np.degrees(azimuths)) - 180) < 11.3
    assert np.array_equal(hits.triangle[:, 0] >= 0, behind)


def test_no_ray_slips_between_two_triangles() -> None:
    floor = frame(geometry([ground(40, 2)]))
    azimuths, elevations = np.linspace(-np.pi, np.pi, 721)[:-1], np.radians(np.linspace(-90, -5, 40))
    hits = cast(floor, Pose(0, 0, 2), sort_rays(azimuths, elevations, 30.0, grid=True), paint=False)
    assert (hits.triangle >= 0).all()  # the eye stands above a corner: many rays run along edges
    assert hits.distance_m == pytest.approx(np.tile(2.0 / np.sin(-elevations), (720, 1)))


# -- what is there ---------------------------------------------------------------------------------------------------


def one_ray(scene: Frame, ignored: frozenset[int] = frozenset(), paint: bool = False, reach_m: float = 50.0) -> Hits:
    return cast(
        scene, Pose(0, 0, 1), sort_rays(np.zeros(1), np.zeros(1), reach_m, grid=True), paint=paint, ignored=ignored
    )


def test_hidden_things_and_ignored_actors_are_not_there() -> None:
    boxes = geometry([box((10, 0, 1), (1, 1, 1)), box((20, 0, 1), (1, 1, 1))], instance=[1] * 12 + [2] * 12)
    shown = instances({"id": 0}, {"id": 77}, {"id": 78})
    assert one_ray(frame(boxes, instances_=shown)).distance_m[0, 0] == pytest.approx(9)
    assert one_ray(frame(boxes, instances_=shown), frozenset({77, 5})).distance_m[0, 0] == pytest.approx(19)
    shown["hidden"][1] = 1
    assert one_ray(frame(boxes, instances_=shown)).distance_m[0, 0] == pytest.approx(19)
    assert one_ray(frame(boxes, instances_=shown), frozenset({78})).triangle[0, 0] == -1


def test_only_the_finest_level_is_cast_at_any_distance() -> None:
    levels = [(0.0, 15.0), (15.0, np.inf)]
    one = geometry([box((40, 0, 1), (1, 1, 1)), box((40, 0, 1), (2, 2, 2))], levels=levels)
    assert one_ray(frame(one)).distance_m[0, 0] == pytest.approx(39)


def test_surfaces_have_one_side() -> None:
    assert one_ray(frame(geometry([box((0, 0, 1), (5, 5, 1))]))).triangle[0, 0] == -1  # from within
    assert one_ray(frame(geometry([box((9, 0, 1), (5, 5, 1))]))).distance_m[0, 0] == pytest.approx(4)


def test_the_reach_is_exact() -> None:
    scene = frame(geometry([box((10, 0, 1), (1, 1, 1))]))
    assert one_ray(scene, reach_m=9.001).triangle[0, 0] >= 0
    assert one_ray(scene, reach_m=8.999).triangle[0, 0] == -1


def test_of_equal_distances_the_first_wins() -> None:
    twice = [box((10, 0, 1), (1, 1, 1))] * 2
    alone = one_ray(frame(geometry(twice[:1]))).triangle[0, 0]
    assert one_ray(frame(geometry(twice))).triangle[0, 0] == alone
    assert one_ray(frame(geometry(twice[:1]), geometry(twice[:1]))).triangle[0, 0] == alone
    assert one_ray(frame(movers=geometry(twice[:1]))).triangle[0, 0] == alone


def test_paint_lies_on_the_road_and_under_cars() -> None:
    road, ribbon = ground(50, 5), ground(50, 10)
    car = box((8, 0, 0.5), (2, 1, 0.4))
    material = [0] * len(road) + [1] * len(ribbon)
    scene = frame(
        geometry([road, ribbon], material), geometry([car]), materials({"kind": 0}, {"kind": MARKING, "p": [9.0] * 8})
    )
    rays = sort_rays(np.linspace(-np.pi, np.pi, 100), np.radians(np.linspace(-40, -3, 30)), 60.0, grid=True)
    with_paint, without = (cast(scene, Pose(0, 0, 2.5), rays, paint=paint) for paint in (True, False))
    on_road = (without.triangle >= 0) & (without.triangle < len(road))
    on_car = without.triangle >= len(material)
    assert on_road.sum() > 1000
    assert on_car.sum() > 10
    assert (with_paint.triangle[on_road] >= len(road)).all()
    assert (with_paint.triangle[on_road] < len(material)).all()
    assert np.array_equal(with_paint.triangle[on_car], without.triangle[on_car])
    assert with_paint.distance_m == pytest.approx(without.distance_m)  # as long as without the bias


# -- threads ---------------------------------------------------------------------------------------------------------


def test_bits_do_not_depend_on_threads() -> None:
    rng = np.random.default_rng(3)
    scene = soup(rng)
    rays = sort_rays(np.linspace(-np.pi, np.pi, 400), np.linspace(-1.0, 1.0, 20), 40.0, grid=True)
    counts = []

    def backwards(tasks: Sequence[Callable[[], None]]) -> None:
        counts.append(len(tasks))
        for task in reversed(tasks):
            task()

    def threads(tasks: Sequence[Callable[[], None]]) -> None:
        with ThreadPoolExecutor(4) as pool:
            for done in [pool.submit(task) for task in tasks]:
                done.result()

    plain = cast(scene, Pose(), rays, paint=True)
    for run in (backwards, threads):
        other = cast(scene, Pose(), rays, paint=True, run=run)
        assert plain.distance_m.tobytes() == other.distance_m.tobytes()
        assert plain.triangle.tobytes() == other.triangle.tobytes()
    assert counts[0] > 1


def test_an_empty_scene() -> None:
    rays: Rays = sort_rays(np.linspace(-1, 1, 5), np.linspace(-1, 1, 3), 40.0, grid=True)
    hits = cast(frame(), Pose(), rays, paint=True)
    assert hits.triangle.shape == (5, 3)
    assert (hits.triangle == -1).all()
