"""What different sensors see of one place agrees with each other, with the boxes and with the map (issue, point 3)."""

from typing import Any

import carla
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.contract import sight
from tests.contract.support import WALKER, Bench

SIZE = {"image_size_x": "640", "image_size_y": "480"}


def look(bench: Bench, place: carla.Transform, kinds: tuple[str, ...], **attributes: str) -> list[Any]:
    """One picture of each kind, all from one place."""
    inboxes = [bench.sensor(f"sensor.camera.{kind}", place=place, **(SIZE | attributes)) for kind in kinds]
    bench.tick()
    images = [inbox.get() for inbox in inboxes]
    for inbox in inboxes:
        inbox.sensor.destroy()
    return images


def above(place: carla.Transform, metres: float = 2.0, pitch: float = -5.0) -> carla.Transform:
    location = carla.Location(place.location.x, place.location.y, place.location.z + metres)
    return carla.Transform(location, carla.Rotation(pitch=pitch, yaw=place.rotation.yaw))


# -- boxes -------------------------------------------------------------------------------------------------------------

MODELS = (
    "vehicle.lincoln.mkz_2020",
    "vehicle.mercedes.sprinter",
    "vehicle.carlamotors.european_hgv",
    "vehicle.mitsubishi.fusorosa",
    "vehicle.harley-davidson.low_rider",
    "vehicle.diamondback.century",
    WALKER,
    "static.prop.trafficcone01",
)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("yaw", [0.0, 35.0, 90.0, 200.0])
def test_a_projected_box_contains_the_pixels_of_its_actor(bench: Bench, model: str, yaw: float) -> None:
    place = bench.straight()
    there = bench.ahead(place, 12.0, up_m=1.0 if model == WALKER else 0.2)
    there.rotation.yaw += yaw
    actor = bench.spawn(model, there)
    bench.seconds(1.0)
    instance, depth = look(bench, above(place), ("instance_segmentation", "depth"))
    corners = sight.corners_of(actor)
    x, y, ahead = sight.to_pixels(instance, corners)
    hull = cv2.convexHull(np.stack([x, y], axis=1).astype(np.float32))
    mine = pixels_of(instance, actor)
    rows, columns = np.nonzero(mine)
    assert len(rows) > 30
    outside = [
        -cv2.pointPolygonTest(hull, (float(column) + 0.5, float(row) + 0.5), True)
        for row, column in zip(rows, columns, strict=True)
    ]
    assert max(outside) < 1.5  # pixels: what a mirror or a wheel may stick out is below the picture's resolution
    # The box is not much larger than what is seen of the actor.
    assert x.max() - columns.max() < 0.25 * np.ptp(x) + 2
    assert columns.min() - x.min() < 0.25 * np.ptp(x) + 2
    assert rows.min() - y.min() < 0.3 * np.ptp(y) + 2
    metres = sight.depth_m(depth)[mine]
    assert metres.min() > ahead.min() - 0.05
    assert metres.max() < ahead.max() + 0.05


def pixels_of(image: carla.Image, actor: carla.Actor) -> NDArray[np.bool_]:
    """Those of the thing that fills most of the middle of the actor's box."""
    numbers, tags = sight.instances(image), sight.labels(image)
    x, y, _ = sight.to_pixels(image, sight.corners_of(actor))
    box = slice(max(int(y.min()), 0), int(y.max()) + 1), slice(max(int(x.min()), 0), int(x.max()) + 1)
    wanted = np.isin(tags[box], actor.semantic_tags) if actor.semantic_tags else np.ones(tags[box].shape, np.bool_)
    # A rider is part of its bicycle.
    found, counts = np.unique(numbers[box][wanted], return_counts=True)
    assert len(found), f"nothing of {actor.type_id} is seen"
    mine: NDArray[np.bool_] = numbers == found[counts.argmax()]
    return mine


def test_two_cars_of_one_kind_have_two_numbers_and_hide_each_other(bench: Bench) -> None:
    place = bench.straight()
    near = bench.spawn("vehicle.mini.cooper_s", bench.ahead(place, 9.0, up_m=0.2))
    bench.spawn("vehicle.mini.cooper_s", bench.ahead(place, 17.0, 1.0, 0.2))
    bench.seconds(1.0)
    image, semantic = look(bench, above(place), ("instance_segmentation", "semantic_segmentation"))
    cars = np.unique(sight.instances(image)[sight.labels(image) == sight.CAR])
    assert len(cars) == 2
    assert (sight.labels(image) == sight.labels(semantic)).all()
    assert pixels_of(image, near).sum() > 1000


# -- ground ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", range(4))
def test_the_depth_of_the_ground_is_right_within_a_percent(bench: Bench, number: int) -> None:
    place = bench.straight(60.0, number)
    semantic, depth = look(bench, above(place, 1.8, -12.0), ("semantic_segmentation", "depth"))
    metres = sight.depth_m(depth)
    tags = sight.labels(semantic)
    on_ground = np.isin(tags, (sight.ROADS, sight.ROAD_LINES)) & (metres < 60.0)
    rows, columns = np.nonzero(on_ground)
    assert len(rows) > 10_000
    chosen = np.random.default_rng(0).choice(len(rows), 150, replace=False)
    rows, columns = rows[chosen], columns[chosen]
    points = sight.to_world(depth, rows, columns, metres[rows, columns])
    eye = np.array([depth.transform.location.x, depth.transform.location.y, depth.transform.location.z])
    checked = 0
    for point in points:
        ground = bench.world.ground_projection(
            carla.Location(float(point[0]), float(point[1]), float(point[2]) + 0.5), 3.0
        )
        if ground is None:
            continue
        ray = (point - eye) / np.linalg.norm(point - eye)
        # How far along the ray the true ground is from where the pixel says it is.
        error = abs(ground.location.z - point[2]) / abs(ray[2])
        assert error < 0.01 * np.linalg.norm(point - eye) + 0.005
        checked += 1
    assert checked > 140


def test_markings_are_where_the_map_has_them(bench: Bench) -> None:
    """Along the middle of its lane there is no paint, and at the solid or broken lines between lanes there is some."""
    place = bench.straight(80.0)
    [semantic] = look(bench, above(place, 1.8, -12.0), ("semantic_segmentation",), image_size_x="1280")
    tags = sight.labels(semantic)
    waypoint = bench.map.get_waypoint(place.location)
    middle = [w.transform.location for w in waypoint.next_until_lane_end(1.0)[5:30]]
    x, y, _ = sight.to_pixels(semantic, np.array([[p.x, p.y, p.z] for p in middle]))
    seen = [tags[int(b), int(a)] for a, b in zip(x, y, strict=True) if 0 <= a < 1280 and 0 <= b < 480]
    assert len(seen) > 15
    assert seen.count(sight.ROADS) >= len(seen) - 2  # an arrow may lie there
    assert (tags == sight.ROAD_LINES).sum() > 500


# -- rays --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", range(3))
def test_lidar_depth_and_tags_agree(bench: Bench, number: int) -> None:
    place = bench.straight(60.0, number)
    for metres, right, model in ((12.0, 0.0, "vehicle.tesla.model3"), (20.0, -3.0, "vehicle.yamaha.yzf")):
        bench.world.try_spawn_actor(bench.blueprint(model), bench.ahead(place, metres, right, 0.3))
    bench.seconds(1.0)
    eye = above(place, 2.0, 0.0)
    kinds = ("depth", "semantic_segmentation")
    inboxes = [
        bench.sensor(f"sensor.camera.{kind}", place=eye, image_size_x="1280", image_size_y="960") for kind in kinds
    ]
    scanner = bench.sensor(
        "sensor.lidar.ray_cast_semantic",
        place=eye,
        channels="64",
        range="80",
        points_per_second="2000000",
        rotation_frequency="20",
        upper_fov="25",
        lower_fov="-30",
        horizontal_fov="80",
    )
    bench.tick()
    depth, semantic = (inbox.get() for inbox in inboxes)
    scan = scanner.get()
    points = sight.semantic_points(scan)
    matrix = np.array(scan.transform.get_matrix())
    world = points["xyz"].astype(float) @ matrix[:3, :3].T + matrix[:3, 3]
    x, y, ahead = sight.to_pixels(depth, world)
    far, tags = sight.depth_m(depth), sight.labels(semantic)
    # Steep ground far away changes by more than this from row to row: compare such pixels with their neighbours' range.
    low, high = spread(far, np.minimum), spread(far, np.maximum)
    edge = sight.is_edge(tags) | (high / low > 1.25)
    column, row = x.astype(int), y.astype(int)
    inside = (x >= 1) & (x < 1279) & (y >= 1) & (y < 959)
    column, row, ahead, points = column[inside], row[inside], ahead[inside], points[inside]
    clear = ~edge[row, column]
    assert clear.sum() > 20_000
    fits = (ahead >= low[row, column] * 0.995 - 0.02) & (ahead <= high[row, column] * 1.005 + 0.02)
    assert fits[clear].mean() > 0.99
    assert (points["tag"] == tags[row, column])[clear].mean() > 0.99
    assert len(np.unique(points["tag"])) >= 4


def spread(values: NDArray[Any], pick: Any) -> NDArray[Any]:
    """The least or greatest of each pixel and its eight neighbours."""
    padded = np.pad(values, 1, mode="edge")
    height, width = values.shape
    found = values
    for dy in range(3):
        for dx in range(3):
            found = pick(found, padded[dy : dy + height, dx : dx + width])
    return found


def test_points_of_the_semantic_lidar_lie_on_what_they_name(bench: Bench) -> None:
    place = bench.straight()
    ids = {}
    for metres, right, model in (
        (12.0, 0.0, "vehicle.tesla.model3"),
        (22.0, 0.0, "vehicle.mercedes.sprinter"),
        (8.0, 3.5, WALKER),
    ):
        actor = bench.world.try_spawn_actor(bench.blueprint(model), bench.ahead(place, metres, right, 1.0))
        if actor is not None:
            ids[actor.id] = actor
    bench.seconds(1.0)
    scanner = bench.sensor(
        "sensor.lidar.ray_cast_semantic",
        place=above(place, 2.0, 0.0),
        channels="64",
        range="60",
        points_per_second="1200000",
        rotation_frequency="20",
    )
    bench.tick()
    scan = scanner.get()
    points = sight.semantic_points(scan)
    matrix = np.array(scan.transform.get_matrix())
    seen = set(np.unique(points["id"]).tolist())
    assert set(ids) <= seen
    for number, actor in ids.items():
        world = points["xyz"][points["id"] == number].astype(float) @ matrix[:3, :3].T + matrix[:3, 3]
        inverse = np.array(actor.get_transform().get_inverse_matrix())
        own = world @ inverse[:3, :3].T + inverse[:3, 3]
        box = actor.bounding_box
        centre = np.array([box.location.x, box.location.y, box.location.z])
        half = np.array([box.extent.x, box.extent.y, box.extent.z])
        assert (np.abs(own - centre) <= half + 0.06).all(), actor.type_id
        tags = set(np.unique(points["tag"][points["id"] == number]).tolist())
        assert tags <= set(actor.semantic_tags)
    ground = points[np.isin(points["tag"], (sight.ROADS, sight.ROAD_LINES))]
    world = ground["xyz"].astype(float) @ matrix[:3, :3].T + matrix[:3, 3]
    for point in world[:: max(1, len(world) // 100)]:
        below = bench.world.ground_projection(
            carla.Location(float(point[0]), float(point[1]), float(point[2]) + 0.5), 3.0
        )
        assert below is not None
        assert abs(below.location.z - point[2]) < 0.03


# -- motion ------------------------------------------------------------------------------------------------------------


def test_optical_flow_leads_back_to_the_last_picture(bench: Bench) -> None:
    """Follow the flow of standing things back: there the last depth picture shows the same point of the world."""
    place = bench.straight()
    car = bench.car(place)
    mount = carla.Transform(carla.Location(x=1.5, z=2.0), carla.Rotation(pitch=-5.0))
    car.enable_constant_velocity(carla.Vector3D(x=10.0))
    flow_in, depth_in = (
        bench.sensor(f"sensor.camera.{kind}", car, mount, **SIZE) for kind in ("optical_flow", "depth")
    )
    bench.tick(3)
    depths = [depth_in.get() for _ in range(3)]
    flow_image = [flow_in.get() for _ in range(3)][-1]
    flow = np.frombuffer(flow_image.raw_data, np.float32).reshape(480, 640, 2).astype(float)
    now, before = depths[-1], depths[-2]
    metres, old = sight.depth_m(now), sight.depth_m(before)
    rows, columns = np.mgrid[100:470:7, 20:620:9]
    rows, columns = rows.ravel(), columns.ravel()
    near = metres[rows, columns] < 60.0
    rows, columns = rows[near], columns[near]
    world = sight.to_world(now, rows, columns, metres[rows, columns])
    x, y, ahead = sight.to_pixels(before, world)
    # CARLA's flow is in normalised device coordinates, y upwards.
    from_x = columns + 0.5 - flow[rows, columns, 0] * 320.0
    from_y = rows + 0.5 + flow[rows, columns, 1] * 240.0
    assert np.percentile(np.hypot(from_x - x, from_y - y), 99) < 0.1
    inside = (x > 1) & (x < 639) & (y > 1) & (y < 479)
    there = old[y[inside].astype(int), x[inside].astype(int)]
    assert np.mean(np.abs(there - ahead[inside]) < 0.05 * ahead[inside]) > 0.9


def test_what_is_hidden_is_not_seen(bench: Bench) -> None:
    """enable_environment_objects takes a building out of the picture, and puts it back."""
    objects = bench.world.get_environment_objects(carla.CityObjectLabel.Buildings)
    place, yaw = bench.facing_building(objects)
    eye = carla.Transform(carla.Location(place.x, place.y, place.z + 1.5), carla.Rotation(yaw=yaw))
    kinds = ("depth", "semantic_segmentation")
    before, tags = look(bench, eye, kinds)
    assert sight.labels(tags)[240, 320] == 3
    assert sight.depth_m(before)[240, 320] < 12.0
    ids = {thing.id for thing in objects}
    bench.world.enable_environment_objects(ids, False)
    after, tags = look(bench, eye, kinds)
    assert not (sight.labels(tags) == 3).any()
    assert sight.depth_m(after)[240, 320] > sight.depth_m(before)[240, 320]
    bench.world.enable_environment_objects(ids, True)
    again, _ = look(bench, eye, kinds)
    assert bytes(again.raw_data) == bytes(before.raw_data)


def test_a_stop_line_is_painted_across_the_whole_lane(bench: Bench) -> None:
    """Also where lane lines end at it: the unpainted part of one paint does not hide another's."""
    places = [light.get_stop_waypoints()[0] for light in bench.world.get_actors().filter("traffic.traffic_light")][::6]
    for place in places:
        eye = place.transform.location + carla.Location(z=10.0)
        down = carla.Transform(eye, carla.Rotation(pitch=-90.0, yaw=place.transform.rotation.yaw))
        (view,) = look(bench, down, ("semantic_segmentation",), image_size_x="800", image_size_y="800")
        painted = sight.labels(view) == int(carla.CityObjectLabel.RoadLines)
        half = int(0.5 * place.lane_width * sight.focal_px(view) / 10.0)
        lines = np.nonzero(painted[:, 400 - half // 2 : 400 + half // 2].all(axis=1))[0]
        assert len(lines) >= 5  # 0.4 m at 40 pixels a metre, with some to spare
        assert painted[lines[len(lines) // 2], 400 - half : 400 + half].mean() > 0.98
