"""What the exact cameras say, decoded as CARLA's clients decode it, against places that are known."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from simulator.maps.town import BUILDINGS, CAR, ROAD_LINES, ROADS, SKY, TERRAIN
from simulator.scene.tables import ASPHALT, CROSSWALK, MARKING
from simulator.sensors.exact import draw_exact
from simulator.sensors.raster import Workspace, camera_view, one_by_one
from simulator.world.pose import Pose, rotation
from tests.simulator.drawn_triangles import box, frame, geometry, ground, instances, materials
from tests.simulator.drawn_views import degrees, rays

BOX_CENTER, BOX_HALF, BOX_YAW = (14.0, 2.0, 0.8), (2.2, 0.9, 0.8), 0.4


def street(**of_box):
    """A floor, a wall across it and a car's box that has come 0.5 m in x and 0.2 m in y since the last frame."""
    motion = np.hstack([np.eye(3), [[-0.5], [-0.2], [0.0]]])
    groups = [ground(200, 20), box((60, 0, 5), (1, 30, 5))]
    scene = frame(
        static=geometry(groups, material=np.repeat([0, 1], [len(group) for group in groups])),
        movers=geometry([box(BOX_CENTER, BOX_HALF, BOX_YAW)], material=[2] * 12, instance=[1] * 12),
        materials_=materials({"label": TERRAIN}, {"label": BUILDINGS}, {"label": 0}),
        instances_=instances({"label": ROADS}, {"label": CAR, "colour_id": 0xA1B2, "motion": motion, **of_box}),
    )
    return replace(scene, n_static=1)


def image(kind, scene, view, **more):
    out = np.zeros((view.height, view.width, 4), np.uint8)
    draw_exact(scene, view, Workspace(), **{kind: out}, **more)
    return out


def flow_of(scene, view, before):
    out = np.full((view.height, view.width, 2), np.nan, np.float32)
    draw_exact(scene, view, Workspace(), flow=out, before=before)
    return out


def metres(depth):
    """As in PythonAPI/examples/lidar_to_camera.py and the documentation: R + G * 256 + B * 256 * 256."""
    blue, green, red = (depth[..., k].astype(float) for k in range(3))
    return (red + green * 256 + blue * 65536) / (256**3 - 1) * 1000


VIEW = camera_view(200, 120, 90, degrees(1.0, -0.5, 1.6, roll=2, pitch=-6, yaw=5))


def test_depth_of_the_ground_and_of_nothing():
    depth = image("depth", street(), VIEW)
    labels = image("semantic", street(), VIEW)[..., 2]
    truth = -VIEW.eye[2] / rays(VIEW)[..., 2]
    floor = labels == TERRAIN
    assert floor.sum() > 5000
    assert metres(depth)[floor] == pytest.approx(truth[floor], rel=1e-5, abs=1e-4)
    assert (depth[labels == SKY] == 255).all()
    assert (depth[..., 3] == 255).all()


def test_depth_is_along_the_line_of_sight():
    """A wall square to it has one depth all over, not the length of each ray."""
    view = camera_view(100, 100, 120, degrees(0, 0, 0))
    wall = box((7.5, 0, 0), (0.5, 90, 90))
    assert metres(image("depth", frame(static=geometry([wall])), view)) == pytest.approx(7.0, abs=1e-4)


@pytest.mark.parametrize("x_m", [0.5, 7.0, 123.456, 999.9])
def test_depths_survive_their_24_bits(x_m):
    wall = np.array([[[x_m, -5e3, -5e3], [x_m, 0, 1e4], [x_m, 5e3, -5e3]]])
    both = np.concatenate([wall, wall[:, ::-1]])
    depth = metres(image("depth", frame(static=geometry([both])), camera_view(9, 9, 60, degrees(0, 0, 0))))
    assert depth == pytest.approx(x_m, rel=2e-7, abs=4e-5)


def test_a_projected_box_contains_the_pixels_of_its_instance():
    """The projection is the one that clients use: the inverse of the camera's matrix, then K."""
    pose = degrees(1.0, -0.5, 1.6, roll=2, pitch=-6, yaw=5)
    numbers = image("instance", street(), VIEW)
    assert set(np.unique(numbers[..., 2])) == {SKY, TERRAIN, BUILDINGS, CAR}
    rows, columns = np.nonzero((numbers[..., 1] == 0xB2) & (numbers[..., 0] == 0xA1))
    assert len(rows) > 250
    assert (numbers[rows, columns, 2] == CAR).all()
    corners = box(BOX_CENTER, BOX_HALF, BOX_YAW).reshape(-1, 3)
    local = (corners - (pose.x, pose.y, pose.z)) @ np.array(rotation(pose))
    right, down, ahead = local[:, 1], -local[:, 2], local[:, 0]
    focal = 200 / (2 * np.tan(np.radians(45)))
    x, y = 100 + focal * right / ahead, 60 + focal * down / ahead
    assert columns.min() + 0.5 == pytest.approx(x.min(), abs=1)
    assert columns.max() + 0.5 == pytest.approx(x.max(), abs=1)
    assert rows.min() + 0.5 == pytest.approx(y.min(), abs=1)
    assert rows.max() + 0.5 == pytest.approx(y.max(), abs=1)
    # The floor's instance is number 0.
    assert (numbers[numbers[..., 2] == TERRAIN][:, :2] == 0).all()


def test_labels_are_the_materials_or_else_the_instances():
    labels = image("semantic", street(), VIEW)
    numbers = image("instance", street(), VIEW)
    assert np.array_equal(labels[..., 2], numbers[..., 2])
    assert (labels[..., :2] == 0).all()
    assert (labels[..., 3] == 255).all()
    assert (labels[0, :, 2] == SKY).all()
    assert (labels[-1, :, 2] == TERRAIN).all()
    assert (numbers[labels[..., 2] == SKY][:, :2] == 0).all()


def test_what_is_hidden_is_not_there():
    labels = image("semantic", street(hidden=1), VIEW)[..., 2]
    assert CAR not in labels
    assert BUILDINGS in labels


def painted_street(kind, p):
    """Asphalt, and from x = 0 to 40 a ribbon 1 m wide along y = 0."""
    a, b, c, d = ([0.0, -0.5, 0], [40, -0.5, 0], [40, 0.5, 0], [0, 0.5, 0])
    uv = {tuple(q): (q[0], q[1]) for q in (a, b, c, d)}
    ribbon = np.array([[a, b, c], [a, c, d]], float)
    corners = np.array([[uv[tuple(q)] for q in triangle] for triangle in ([a, b, c], [a, c, d])])
    floor = ground(100, 10)
    return frame(
        static=geometry(
            [floor, ribbon],
            material=np.repeat([0, 1], [len(floor), 2]),
            uv=np.concatenate([np.zeros((len(floor), 3, 2)), corners]),
        ),
        materials_=materials(
            {"kind": ASPHALT, "label": ROADS}, {"kind": kind, "label": ROAD_LINES, "p": tuple(p) + (0,) * (8 - len(p))}
        ),
        instances_=instances({"label": ROADS, "colour_id": 3}),
    )


@pytest.mark.parametrize(
    ("kind", "p", "is_paint"),
    [
        (MARKING, (0.1, 0, 3.0, 2.0), lambda x, y: (np.abs(y) < 0.1) & (np.mod(x, 5) < 3)),
        (CROSSWALK, (0.5, 0.7), lambda x, y: (np.abs(y) < 0.5) & (np.mod(x, 1.2) < 0.5)),
    ],
)
def test_ribbons_are_road_lines_where_they_are_painted(kind, p, is_paint):
    view = camera_view(200, 120, 60, degrees(-3, 0.2, 1.5, pitch=-14))
    scene = painted_street(kind, p)
    labels = image("semantic", scene, view)[..., 2]
    numbers = image("instance", scene, view)
    distance = -view.eye[2] / rays(view)[..., 2]
    place = view.eye + distance[..., None] * rays(view)
    x, y = place[..., 0], place[..., 1]
    near = (distance > 0) & (x < 15)
    truth = near & is_paint(x, y) & (x > 0)
    assert truth.sum() > 100
    assert ((labels == ROAD_LINES) == truth)[near].mean() > 0.999
    assert (labels[near & ~(labels == ROAD_LINES)] == ROADS).all()
    assert np.array_equal(numbers[..., 2], labels)
    assert (numbers[near][:, 1] == 3).all()
    # Drawn before the asphalt, it is as far as the asphalt.
    assert metres(image("depth", scene, view))[near] == pytest.approx(distance[near], rel=1e-5, abs=1e-4)


def test_normals_are_those_of_the_world():
    """Red x, green y, blue z; -1 is 0, 1 is 255; nothing is in the middle."""
    normals = image("normals", street(), VIEW)
    labels = image("semantic", street(), VIEW)[..., 2]
    assert set(map(tuple, normals[labels == TERRAIN])) == {(255, 128, 128, 255)}  # up
    assert set(map(tuple, normals[labels == BUILDINGS])) == {(128, 128, 0, 255)}  # towards -x
    assert set(map(tuple, normals[labels == SKY])) == {(128, 128, 128, 255)}
    back = np.array([-np.cos(BOX_YAW), -np.sin(BOX_YAW), 0])
    blue, green, red, _ = (normals[labels == CAR].T.astype(float) - 127.5) / 127.5
    of_back = np.abs(np.stack([red, green, blue], 1) - back).max(axis=1) < 0.01
    assert of_back.sum() > 50


def pixels(flow, view):
    """As clients scale it: the way on the screen in pixels, x to the right, y down."""
    return flow * (0.5 * view.width, -0.5 * view.height)


def test_nothing_flows_where_nothing_moves():
    still = street(motion=np.hstack([np.eye(3), np.zeros((3, 1))]))
    assert np.abs(flow_of(still, VIEW, VIEW)).max() < 1e-6


def test_flow_is_the_way_on_the_screen_since_the_last_frame():
    """Of a camera that has turned and gone ahead: each point is projected with both cameras."""
    was = camera_view(200, 120, 90, degrees(0.4, -0.6, 1.55, roll=1, pitch=-5, yaw=2))
    scene = street()
    depth, labels = metres(image("depth", scene, VIEW)), image("semantic", scene, VIEW)[..., 2]
    flow = pixels(flow_of(scene, VIEW, was), VIEW)
    place = VIEW.eye + depth[..., None] * rays(VIEW)
    place[labels == CAR] -= (0.5, 0.2, 0.0)
    away = place - was.eye
    away[labels == SKY] = rays(VIEW)[labels == SKY]
    right, down, ahead = np.moveaxis(away @ was.axes.T, -1, 0)
    rows, columns = np.indices(labels.shape) + 0.5
    assert flow[..., 0] == pytest.approx(columns - (100 + was.focal_px * right / ahead), abs=5e-3)
    assert flow[..., 1] == pytest.approx(rows - (60 + was.focal_px * down / ahead), abs=5e-3)
    assert np.abs(flow[labels == CAR] - flow[labels == TERRAIN].mean(axis=0)).max() > 5
    assert {CAR, SKY, TERRAIN, BUILDINGS} == set(np.unique(labels))


def test_flow_of_a_drive_ahead_points_outwards():
    before, now = (camera_view(100, 100, 90, degrees(x, 0, 1.5)) for x in (0.0, 1.0))
    flow = pixels(flow_of(street(hidden=1), now, before), now)
    assert (flow[60:, :40, 0] < 0).all()
    assert (flow[60:, 60:, 0] > 0).all()
    assert (flow[60:, :, 1] > 0).all()


def test_flow_stays_within_what_its_texture_holds():
    before, now = (camera_view(40, 40, 90, degrees(0, 0, 1.5, yaw=yaw)) for yaw in (0, 80))
    flow = flow_of(street(), now, before)
    assert np.abs(flow).max() == 2.0
    behind = flow_of(street(), now, camera_view(40, 40, 90, degrees(0, 0, 1.5, yaw=-110)))
    assert (behind == 0).all()


def test_all_at_once_is_the_same_as_one_by_one():
    scene = street()
    was = camera_view(200, 120, 90, degrees(0.4, -0.6, 1.55))
    kinds = ("depth", "semantic", "instance", "normals")
    together = {kind: np.zeros((120, 200, 4), np.uint8) for kind in kinds}
    flow = np.zeros((120, 200, 2), np.float32)
    draw_exact(scene, VIEW, Workspace(), **together, flow=flow, before=was)
    for kind in kinds:
        assert np.array_equal(together[kind], image(kind, scene, VIEW)), kind
    assert np.array_equal(flow, flow_of(scene, VIEW, was))


def test_threads_change_nothing():
    random = np.random.default_rng(1)
    boxes = [box((*random.uniform(-50, 50, 2), 1), random.uniform(0.2, 3, 3)) for _ in range(80)]
    n = [12] * len(boxes)
    scene = frame(
        static=geometry([ground(100, 10), *boxes], instance=[0] * 800 + list(np.repeat(range(1, 81), n))),
        instances_=instances(*[{"colour_id": 7 * k, "label": k % 29} for k in range(81)]),
    )
    view = camera_view(161, 97, 100, degrees(0, 0, 5, pitch=-12))
    images = []
    with ThreadPoolExecutor(3) as pool:
        runs = (
            one_by_one,
            lambda tasks: [task() for task in tasks[::-1]],
            lambda tasks: list(pool.map(lambda task: task(), tasks)),
        )
        for run in runs:
            out = {kind: np.zeros((97, 161, 4), np.uint8) for kind in ("depth", "instance", "normals")}
            draw_exact(scene, view, Workspace(), run, **out)
            images.append(np.stack(list(out.values())))
    assert np.array_equal(images[0], images[1])
    assert np.array_equal(images[0], images[2])
    assert len(np.unique(images[0][1][..., 1])) > 15


@pytest.mark.parametrize(
    "out",
    [
        np.zeros((120, 200, 3), np.uint8),
        np.zeros((200, 120, 4), np.uint8),
        np.zeros((120, 200, 4), np.int8),
        np.zeros((120, 400, 4), np.uint8)[:, ::2],
    ],
)
def test_images_of_another_kind_are_refused(out):
    with pytest.raises(ValueError, match="the image must be"):
        draw_exact(street(), VIEW, Workspace(), depth=out)


def test_flow_needs_the_same_camera_in_the_last_frame():
    out = np.zeros((120, 200, 2), np.float32)
    for before in (None, camera_view(200, 120, 91, Pose())):
        with pytest.raises(ValueError, match="the same camera"):
            draw_exact(street(), VIEW, Workspace(), flow=out, before=before)
