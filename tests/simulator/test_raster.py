"""What views see, against rays cast one by one, and at the corners of the rasteriser."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.kernels import njit
from simulator.scene.tables import ASPHALT, MARKING, WALL
from simulator.sensors.lanes import LANES
from simulator.sensors.raster import FAR_M, NEAR_M, Workspace, camera_view
from simulator.sensors.raster.bands import draw_span
from tests.simulator.drawn_triangles import box, frame, geometry, ground, instances, materials
from tests.simulator.drawn_views import cast, degrees, rays, see

AT_ORIGIN = degrees(0, 0, 0)


def numbered(groups, movers=(), levels=None):
    """A frame whose triangles are instances of their own, numbered through."""
    n_static = sum(len(group) for group in groups)
    n = n_static + sum(len(group) for group in movers)
    return frame(
        static=geometry(groups, instance=range(n_static), levels=levels),
        movers=geometry(movers, instance=range(n_static, n)),
        instances_=instances(*[{} for _ in range(n)]),
    )


def facing(corners, view):
    """The triangles, turned so that this view sees their faces."""
    corners = np.array(corners, float)
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    away = np.einsum("ij,ij->i", normal, view.eye - corners[:, 0]) < 0
    corners[away] = corners[away][:, ::-1]
    return corners


def drawn_scene(random):
    """Triangles of all sizes around, before and behind an eye near the origin, in a few groups."""
    groups = []
    for _ in range(random.integers(1, 5)):
        count = random.integers(2, 20)
        middle = random.normal(0.0, 6.0, (count, 1, 3))
        size = 10.0 ** random.uniform(-1.0, 1.7, (count, 1, 1))
        groups.append(np.float32(middle + size * random.normal(0.0, 1.0, (count, 3, 3))))
    return groups


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 2]))
def test_each_sample_shows_what_a_ray_meets_first(seed, scale):
    random = np.random.default_rng(seed)
    groups = drawn_scene(random)
    movers = drawn_scene(random)
    width, height = int(random.integers(1, 40)), int(random.integers(1, 30))
    fov = float(random.choice([1.0, 40.0, 90.0, 120.0, 170.0]))
    pose = degrees(*random.normal(0.0, 1.0, 3), *random.uniform(-180, 180, 3))
    view = camera_view(width, height, fov, pose)
    seen = see(numbered(groups, movers), view, scale)
    truth = cast(np.concatenate([*groups, *movers]), view, scale)
    clear = truth.clear
    assert np.array_equal(seen.instance[clear], truth.number[clear])
    hit = clear & (truth.number >= 0)
    assert 1.0 / seen.zinv[hit] == pytest.approx(truth.depth[hit], rel=1e-3)
    # Also at edges and of triangles seen edge-on nothing is nearer or farther than the triangle itself.
    corner = (np.concatenate([*groups, *movers]) - view.eye) @ view.axes[2]
    ever = seen.instance >= 0
    depth = 1.0 / seen.zinv[ever]
    assert (depth >= np.maximum(corner[seen.instance[ever]].min(axis=1), NEAR_M) * 0.99).all()
    assert (depth <= corner[seen.instance[ever]].max(axis=1) * 1.01).all()


def test_the_rays_leave_enough_samples_to_compare():
    random = np.random.default_rng(5)
    casts = []
    for _ in range(20):
        view = camera_view(30, 20, 90, degrees(*random.normal(0, 1, 3), 0, 0, random.uniform(-180, 180)))
        casts.append(cast(np.concatenate(drawn_scene(random)), view))
    assert np.mean([one.clear for one in casts]) > 0.95
    assert np.mean([one.number >= 0 for one in casts]) > 0.2


@pytest.mark.parametrize("yaw", [0, 90, -135, 180])
def test_axes_and_order_of_the_picture(yaw):
    """A triangle up on the left is seen up on the left, where the pinhole formula says."""
    pose = degrees(3, -2, 1, yaw=yaw)
    view = camera_view(200, 100, 60, pose)
    ahead, right, up = view.axes[2], view.axes[0], -view.axes[1]
    middle = view.eye + 10 * ahead - 3 * right + 1.5 * up
    corners = facing([[middle - 0.05 * right, middle + 0.05 * right, middle + 0.1 * up]], view)
    rows, columns = np.nonzero(see(numbered([corners]), view).instance == 0)
    focal = 100 / np.tan(np.radians(30))
    assert columns.mean() + 0.5 == pytest.approx(100 - 0.3 * focal, abs=1)
    assert rows.mean() + 0.5 == pytest.approx(50 - 0.15 * focal, abs=1.5)
    assert len(rows) > 0


def test_a_face_is_seen_from_the_side_of_its_normal_only():
    wall = np.array([[[5.0, -1.0, -1.0], [5.0, 1.0, -1.0], [5.0, 0.0, 1.0]]])
    view = camera_view(20, 20, 60, AT_ORIGIN)
    front, back = (see(numbered([corners]), view).instance.max() for corners in (wall, wall[:, ::-1]))
    assert {front, back} == {0, -1}
    normal = np.cross(wall[0, 1] - wall[0, 0], wall[0, 2] - wall[0, 0])
    assert (front == 0) == (normal[0] < 0)


def test_the_ground_has_the_depth_it_has():
    """A floor of two triangles that reaches far behind the eye, and one of cells: both true at every sample."""
    view = camera_view(160, 120, 90, degrees(1.5, 0.7, 1.7, pitch=-10, roll=3, yaw=20))
    depth = -view.eye[2] / rays(view)[..., 2]
    below = (depth > 0) & (depth < 400)
    for cell_m in (1000.0, 50.0):
        seen = see(numbered([ground(500.0, cell_m)]), view)
        assert 1.0 / seen.zinv[below] == pytest.approx(depth[below], rel=1e-4)
        assert (seen.face[depth < 0] == -1).all()


@pytest.mark.parametrize("scale", [1, 2])
def test_neighbours_leave_no_hole(scale):
    """A jittered net over all of the picture, deep and near, whose triangles share their corners."""
    random = np.random.default_rng(11)
    for _ in range(20):
        n = 12
        y, z = np.meshgrid(np.linspace(-30, 30, n), np.linspace(-30, 30, n))
        points = np.stack([10 + random.uniform(-4, 4, (n, n)), y, z], axis=-1)
        points[1:-1, 1:-1] += random.uniform(-2, 2, (n - 2, n - 2, 3))
        points = np.float32(points)
        a, b, c, d = points[:-1, :-1], points[:-1, 1:], points[1:, 1:], points[1:, :-1]
        corners = np.stack([np.stack([a, b, c], -2), np.stack([a, c, d], -2)]).reshape(-1, 3, 3)
        both = np.concatenate([corners, corners[:, ::-1]])  # folds may turn a triangle's back to the eye
        view = camera_view(61, 47, 90, degrees(*random.normal(0, 0.5, 3), *random.uniform(-3, 3, 3)))
        assert (see(numbered([both]), view, scale).face >= 0).all()


def test_every_sample_off_the_edges_belongs_to_one_triangle():
    """Each triangle of a net drawn alone: all together cover everything once."""
    view = camera_view(16, 16, 90, AT_ORIGIN)  # focal 8: at 8 m a pixel is a metre
    random = np.random.default_rng(3)
    covered = np.zeros((16, 16), int)
    for y in np.arange(-9, 9, 2) + 0.7:
        for z in np.arange(-9, 9, 2) + 0.4:
            a, b, c, d = ((8.0, y + i, z + j) for i, j in ((0, 0), (2, 0), (2, 2), (0, 2)))
            halves = [[a, b, c], [a, c, d]] if random.random() < 0.5 else [[a, b, d], [b, c, d]]
            for half in halves:
                covered += see(numbered([facing([half], view)]), view).face >= 0
    assert (covered == 1).all()


def test_no_sample_falls_between_corners_that_meet_on_it():
    """Fans around the middle of a pixel, where rounding could leave it to none of their triangles."""
    view = camera_view(16, 16, 90, AT_ORIGIN)
    random = np.random.default_rng(1)
    for _ in range(500):
        row, column = random.integers(1, 15, 2)
        middle = np.array([8.0, column + 0.5 - 8, 8 - row - 0.5])
        angle = np.sort(random.uniform(0, 2 * np.pi, random.integers(4, 8)))
        if np.diff(np.append(angle, angle[0] + 2 * np.pi)).max() > 3:
            continue
        ring = middle + 3 * np.stack([0 * angle, np.cos(angle), np.sin(angle)], axis=1)
        fan = [[middle, ring[k - 1], ring[k]] for k in range(len(ring))]
        assert see(numbered([facing(fan, view)]), view).face[row, column] >= 0


def test_of_two_at_the_same_depth_the_first_is_seen():
    quad = np.float32([[[5, -3, -3], [5, 3, 3], [5, 3, -3]], [[5, -3, -3], [5, -3, 3], [5, 3, 3]]])
    view = camera_view(40, 30, 60, AT_ORIGIN)
    quad = facing(quad, view)
    for groups in ([quad, quad], [np.concatenate([quad, quad])]):
        assert set(np.unique(see(numbered(groups), view).instance)) == {0, 1}
    moved = see(numbered([quad], [quad]), view)
    assert set(np.unique(moved.instance)) == {0, 1}


def test_nothing_nearer_than_the_near_plane_is_seen():
    view = camera_view(20, 20, 90, AT_ORIGIN)
    for distance_m, expected in ((NEAR_M * 0.99, -1), (NEAR_M * 1.01, 0)):
        wall = facing([[[distance_m, -9, -9], [distance_m, 9, -9], [distance_m, 0, 18]]], view)
        assert see(numbered([wall]), view).instance[10, 10] == expected
    # A wall that comes towards the eye ends where it gets too near.
    along = facing([[[-50.0, 0.05, -50.0], [50.0, 0.05, -50.0], [0.0, 0.05, 100.0]]], view)
    seen = see(numbered([along]), view)
    columns = np.arange(20) + 0.5 - 10
    depth = 0.05 * view.focal_px / np.where(columns > 0, columns, np.nan)
    assert ((seen.instance[10] == 0) == (depth >= NEAR_M)).all()


def test_nothing_beyond_the_end_of_sight_is_seen():
    view = camera_view(20, 20, 40, AT_ORIGIN)
    for distance_m, expected in ((FAR_M * 0.99, 0), (FAR_M * 1.01, -1)):
        wall = facing([[[distance_m, -9e3, -9e3], [distance_m, 9e3, -9e3], [distance_m, 0, 18e3]]], view)
        assert see(numbered([wall]), view).instance[10, 10] == expected


def test_degenerate_triangles_are_not_seen_and_harm_nobody():
    view = camera_view(64, 48, 90, AT_ORIGIN)
    point, line = [[5, 0, 0]] * 3, [[5, -1, -1], [5, 0, 0], [5, 1, 1]]
    edge_on = [[5, 0, 0], [9, 0, 0], [7, 0, 3]]
    through_eye = [[-5, -5, 0], [5, 5, 0], [5, -5, 0]]
    tiny = [[5, 0, 0], [5, 1e-7, 0], [5, 0, 1e-7]]
    flat = np.array([point, line, edge_on, through_eye, tiny], float)
    both = np.concatenate([flat, flat[:, ::-1]])
    wall = facing([[[8.0, -90, -90], [8.0, 90, -90], [8.0, 0, 180]]], view)
    seen = see(numbered([both, wall]), view)
    assert (seen.instance == len(both)).all()
    assert 1.0 / seen.zinv == pytest.approx(8.0)


def test_edges_that_are_level_or_upright():
    view = camera_view(16, 16, 90, AT_ORIGIN)
    for y0, y1, z0, z1 in ((-3.0, 2.0, -1.0, 4.0), (-2.5, 3.5, -3.5, 0.5)):
        a, b, c, d = ([8.0, y, z] for y, z in ((y0, z0), (y1, z0), (y1, z1), (y0, z1)))
        seen = see(numbered([facing([[a, b, c], [a, c, d]], view)]), view).instance >= 0
        across, up = np.arange(16) + 0.5 - 8, 8 - (np.arange(16) + 0.5)
        inside = (across[None] > y0) & (across[None] < y1) & (up[:, None] > z0) & (up[:, None] < z1)
        outside = (across[None] < y0) | (across[None] > y1) | (up[:, None] < z0) | (up[:, None] > z1)
        assert seen[inside].all()
        assert not seen[outside].any()


def test_a_town_far_from_the_origin_looks_the_same():
    """Corners that float32 holds exactly, here and 16 km away, and an eye that it does not."""
    random = np.random.default_rng(2)
    corners = np.round(random.uniform(-30, 30, (40, 3, 3)) * 256) / 256
    shift = np.array([2.0**14, -(2.0**14), 0.0])
    here = see(numbered([corners]), camera_view(80, 60, 90, degrees(0.5001, 0.2501, 1.1, yaw=33)))
    x, y = 0.5001 + shift[0], 0.2501 + shift[1]
    there = see(numbered([corners + shift]), camera_view(80, 60, 90, degrees(x, y, 1.1, yaw=33)))
    same = here.instance == there.instance
    assert same.mean() > 0.999
    assert here.zinv[same] == pytest.approx(there.zinv[same], rel=1e-5)
    assert (here.instance >= 0).mean() > 0.3


@pytest.mark.parametrize("roll", [0, 90, 180, 270])
def test_a_triangle_whose_corner_before_the_eye_is_off_the_screen(roll):
    """It comes from behind, and only where it passes the near plane it is on the screen."""
    view = camera_view(20, 20, 90, degrees(0, 0, 0, roll=roll))
    corners = facing(
        np.array([[1.0, -5, 0], [-1, 6, -3], [-1, 6, 3]]) @ np.stack([view.axes[2], *view.axes[:2]])[None], view
    )
    truth = cast(corners, view)
    seen = see(numbered([corners]), view)
    assert np.array_equal(seen.instance[truth.clear], truth.number[truth.clear])
    assert (seen.instance >= 0).sum() > 5


def test_triangles_seen_edge_on_show_no_wrong_depths():
    random = np.random.default_rng(7)
    for _ in range(300):
        view = camera_view(17, 17, 60, degrees(0, 0, 0, *random.uniform(-180, 180, 3)))
        up = random.normal(0, 1, 3)
        places = [t * view.axes[2] + s * up for t, s in ((5, 0), (9, 0.3), (7, -1))]
        seen = see(numbered([[places, places[::-1]]]), view)
        depth = 1.0 / seen.zinv[seen.face >= 0]
        assert (depth > 2.0).all()
        assert (depth < 15.0).all()


@pytest.mark.parametrize(("width", "height", "fov"), [(1, 1, 90), (1, 1, 1), (3, 1, 170), (1, 9, 170), (17, 13, 1)])
def test_pictures_of_any_size(width, height, fov):
    view = camera_view(width, height, fov, AT_ORIGIN)
    wall = facing([[[20.0, -1e4, -1e4], [20.0, 1e4, -1e4], [20.0, 0, 2e4]]], view)
    seen = see(numbered([wall]), view)
    assert seen.instance.shape == (height, width)
    assert (seen.instance == 0).all()
    assert 1.0 / seen.zinv == pytest.approx(20.0)


def test_nothing_at_all():
    seen = see(numbered([]), camera_view(20, 10, 90, AT_ORIGIN))
    assert (seen.face == -1).all()
    assert 1.0 / seen.zinv == pytest.approx(FAR_M)


def test_levels_of_detail_and_hidden_things():
    view = camera_view(20, 20, 60, AT_ORIGIN)
    wall = facing([[[50.0, -90, -90], [50.0, 90, -90], [50.0, 0, 180]]], view)
    levels = [(0.0, 49.0), (49.0, 50.0), (50.0, 51.0), (51.0, np.inf)]
    assert (see(numbered([wall] * 4, levels=levels), view).instance == 2).all()
    assert (see(numbered([wall] * 4, levels=levels[::-1]), view).instance == 1).all()
    hidden = numbered([wall, wall])
    hidden.instances["hidden"][0] = 1
    assert (see(hidden, view).instance == 1).all()


def test_the_work_is_that_of_what_is_seen():
    """Of a thousand boxes all around, only the triangles on the screen get rows."""
    random = np.random.default_rng(4)
    places = random.uniform(-400, 400, (1000, 2))
    boxes = [box((x, y, 5), (2, 2, 5)) for x, y in places if x * x + y * y > 400]
    view = camera_view(64, 48, 30, degrees(0, 0, 2))
    seen = see(numbered(boxes), view)
    shown = len(np.unique(seen.instance)) - 1
    assert 0 < shown <= seen.setup.part_count.sum() < 0.08 * 12 * len(boxes)


# --- paint ------------------------------------------------------------------------------------------------------------

ROAD_AND_PAINT = materials({"kind": ASPHALT, "label": 1}, {"kind": MARKING, "label": 24, "p": (0.1,) + (0,) * 7})


def road_with_line(extra=(), thickness_m=0.0):
    """200 m of asphalt in long cells, and a line of other cells in the same plane."""
    road = np.concatenate([quad(x, x + 17.0, -4, 4) for x in np.arange(-20.0, 180, 17.0)])
    line = np.concatenate([quad(x, x + 3.3, 0.9, 1.3) for x in np.arange(-20.0, 175, 3.3)])
    line[:, :, 2] -= thickness_m
    groups = [road, line, *extra]
    counts = [len(group) for group in groups]
    return frame(
        static=geometry(
            groups,
            material=np.repeat([0, 1, 0, 0][: len(groups)], counts),
            instance=np.repeat(range(len(groups)), counts),
        ),
        materials_=ROAD_AND_PAINT,
        instances_=instances(*[{} for _ in groups]),
    )


def quad(x0, x1, y0, y1):
    a, b, c, d = ([x0, y0, 0.0], [x1, y0, 0.0], [x1, y1, 0.0], [x0, y1, 0.0])
    return np.array([[a, b, c], [a, c, d]], float)


@pytest.mark.parametrize("sunk_m", [0.0, 0.003])
def test_paint_is_on_the_asphalt_at_any_distance(sunk_m):
    """Also where the road's triangles, which are not those of the line, stand out a little."""
    view = camera_view(800, 200, 60, degrees(-10, 0.3, 1.5, pitch=-3, roll=1))
    seen = see(road_with_line(thickness_m=sunk_m), view, 2)
    directions = rays(view, 2)
    distance = -view.eye[2] / directions[..., 2]
    place = view.eye + distance[..., None] * directions
    on_line = (distance > 0) & (np.abs(place[..., 1] - 1.1) < 0.19) & (place[..., 0] < 140)
    assert on_line.sum() > 3000
    assert (seen.instance[on_line] == 1).mean() > 0.998
    planes = seen.setup.faces[seen.face[on_line]]
    rows, columns = np.nonzero(on_line)
    true = planes["z_x"] * (columns + 0.5) / 2 + planes["z_y"] * (rows + 0.5) / 2 + planes["z_1"]
    assert 1.0 / true == pytest.approx(distance[on_line], rel=4e-3 if sunk_m else 1e-4)


def test_paint_is_not_on_what_stands_on_it():
    """A box of 10 cm on the line, 15 m away: less than a row of pixels of the line is seen through its foot."""
    view = camera_view(800, 400, 60, degrees(-10, 1.1, 1.5, pitch=-3))
    block = box((5.0, 1.1, 0.05), (0.2, 0.5, 0.05))
    with_box = see(road_with_line([block]), view).instance
    alone = see(numbered([block]), view).instance
    assert (with_box[alone >= 0] == 2).mean() > 0.9
    assert (alone >= 0).sum() > 100


def test_planes_of_surface_coordinates():
    """u and v of a slanted wall at every pixel, from the planes over depth."""
    random = np.random.default_rng(8)
    view = camera_view(64, 48, 80, degrees(0, 0, 0, roll=10))
    corners = facing(np.float32([[[6, -9, -4], [14, 12, -5], [3, 1, 9]]]), view)
    uv = np.float32(random.uniform(-50, 50, (1, 3, 2)))
    scene = frame(static=geometry([corners], uv=uv), materials_=materials({"kind": WALL}))
    seen = see(scene, view)
    rows, columns = np.nonzero(seen.face >= 0)
    face = seen.setup.faces[seen.face[rows, columns]]
    x, y = columns + 0.5, rows + 0.5
    depth = 1.0 / (face["z_x"] * x + face["z_y"] * y + face["z_1"])
    place = view.eye + depth[:, None] * rays(view)[rows, columns]
    a, b, c = corners[0].astype(float)
    weights = np.linalg.lstsq(np.stack([b - a, c - a], axis=1), (place - a).T, rcond=None)[0]
    for axis, name in enumerate("uv"):
        at = uv[0, :, axis].astype(float)
        expected = at[0] + weights[0] * (at[1] - at[0]) + weights[1] * (at[2] - at[0])
        found = (face[f"{name}_x"] * x + face[f"{name}_y"] * y + face[f"{name}_1"]) * depth
        assert found == pytest.approx(expected, abs=1e-3)
    assert len(rows) > 300
    assert face["normal_x"][0] == pytest.approx(scene.static.normal[0, 0])


# --- the same on any number of threads --------------------------------------------------------------------------------


def busy_frame():
    random = np.random.default_rng(6)
    boxes = [box((*random.uniform(-60, 60, 2), 1), random.uniform(0.2, 4, 3), random.uniform(0, 3)) for _ in range(150)]
    return numbered([ground(80, 10), *boxes[:100]], boxes[100:])


def test_threads_and_their_order_change_nothing():
    scene = busy_frame()
    view = camera_view(120, 90, 90, degrees(0, 0, 6, pitch=-15))
    alone = see(scene, view, 2)
    assert len(np.unique(alone.instance)) > 100

    def backwards(tasks):
        for task in reversed(tasks):
            task()

    runs = [backwards]
    with ThreadPoolExecutor(3) as pool:
        runs.append(lambda tasks: list(pool.map(lambda task: task(), tasks)))
        for run in runs:
            again = see(scene, view, 2, run=run)
            assert np.array_equal(again.setup.part_count, alone.setup.part_count)
            assert np.array_equal(again.face, alone.face)
            assert np.array_equal(again.zinv, alone.zinv)


def test_a_workspace_can_be_used_again_for_anything():
    scene, workspace = busy_frame(), Workspace()
    small, large = camera_view(31, 17, 40, AT_ORIGIN), camera_view(200, 150, 100, degrees(0, 0, 9, pitch=-30))
    for view, scale in ((small, 1), (large, 2), (small, 2), (large, 1)):
        assert np.array_equal(see(scene, view, scale, workspace).face, see(scene, view, scale).face)


# --- the innermost loop -----------------------------------------------------------------------------------------------


@njit
def draw(zinv, triangle, j, first, end, start, slope, face):
    draw_span(zinv, triangle, j, first, end, np.float32(start), np.float32(slope), np.int32(face))


def test_lanes_do_what_the_plain_loop_does():
    random = np.random.default_rng(9)
    width = 4 * LANES
    zinv = random.uniform(0, 1, (2, width)).astype(np.float32)
    triangle = random.integers(0, 99, (2, width)).astype(np.int32)
    for _ in range(500):
        first, end = sorted(random.integers(0, width + 1, 2))
        start, slope = np.float32(random.uniform(0, 1)), np.float32(random.normal(0, 0.02))
        j = int(random.integers(2))
        before = zinv.copy(), triangle.copy()
        z = start + slope * np.arange(end - first, dtype=np.float32)
        here = j, slice(first, end)
        nearer = z > before[0][here]
        draw(zinv, triangle, j, first, end, start, slope, 1000)
        before[0][here] = np.where(nearer, z, before[0][here])
        before[1][here] = np.where(nearer, 1000, before[1][here])
        assert np.array_equal(zinv, before[0])
        assert np.array_equal(triangle, before[1])
        triangle[triangle == 1000] = 5
        zinv *= np.float32(0.97)


def test_pieces_of_one_surface_show_one_face():
    flat = np.array([[[9, -4, -3], [9, 4, -3], [9, 4, 3]], [[9, -4, -3], [9, 4, 3], [9, -4, 3]]], float)
    bent = flat.copy()
    bent[1, 2] = (8.7, -4, 3)
    view = camera_view(64, 48, 90.0, AT_ORIGIN)
    for triangles, material, faces in ((flat, [0, 0], 1), (flat, [0, 1], 2), (bent, [0, 0], 2)):
        drawn = frame(
            static=geometry([facing(triangles, view)], material=material),
            materials_=materials({"kind": WALL}, {"kind": WALL, "r": 0.5}),
        )
        seen = see(drawn, view, scale=2).face
        assert len(set(seen[seen >= 0].tolist())) == faces
        seen = see(drawn, view).face  # the exact cameras'
        assert len(set(seen[seen >= 0].tolist())) == 2
