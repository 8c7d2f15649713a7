"""All that moves, in world coordinates: where models are, what turns and swings, lights, motion, speed."""

import time

import numpy as np
import pytest
from numpy.typing import NDArray

from simulator.blueprints import catalogue, vehicle_spec
from simulator.scene.materials import Materials, linear
from simulator.scene.mesh import rest_normals
from simulator.scene.models import Model, model_of
from simulator.scene.models import palette as p
from simulator.scene.models.model import DOOR, FAR_M, PEDAL_SHIN, STEERED_WHEEL, THIGH, WHEEL
from simulator.scene.models.motion import BRAKE_SHOWS_FROM
from simulator.scene.movers import Movers, Moving, colour_id
from simulator.world.actors import Actor
from simulator.world.pose import Pose, rotation
from simulator.world.world import World
from tests.fakes.towns import flat_town

CAR = "vehicle.lincoln.mkz_2020"
WALKER = "walker.pedestrian.0001"
VEHICLES = [b.id for b in catalogue().blueprints if b.id.startswith("vehicle.")]
FIRST = 7  # rows of the town in the instance table
TICK_S = 0.05


@pytest.fixture
def world() -> World:
    return World(flat_town())


def movers_of(world: World) -> Movers:
    return Movers(world.town, Materials(), FIRST)


def model(world: World, actor: Actor) -> Model:
    row = world.row(actor)
    center = tuple(float(row[f"center_{axis}"]) for axis in "xyz")
    half = tuple(float(row[f"half_{axis}"]) for axis in "xyz")
    made = model_of(actor.type_id, actor.attributes, center, half)  # type: ignore[arg-type]
    assert made is not None
    return made


def group(moving: Moving, g: int) -> NDArray[np.float32]:
    starts = moving.geometry.vertex_start
    return moving.geometry.vertices[starts[g] : starts[g + 1]]


def in_own_frame(world: World, actor: Actor, vertices: NDArray[np.float32]) -> NDArray[np.float64]:
    pose = world.pose(actor)
    return (vertices.astype(np.float64) - (pose.x, pose.y, pose.z)) @ np.array(rotation(pose))


def in_box(world: World, actor: Actor, vertices: NDArray[np.float32]) -> bool:
    center, half = world.box(actor)
    away = np.abs(in_own_frame(world, actor, vertices) - center)
    return bool((away <= np.array(half) + 5e-4).all())


def test_an_empty_world_has_nothing_that_moves(world: World) -> None:
    moving = movers_of(world).update(world)
    assert len(moving.geometry.triangles) == len(moving.geometry.vertices) == len(moving.geometry.bounds) == 0
    assert moving.geometry.group_start.tolist() == moving.geometry.vertex_start.tolist() == [0]
    assert len(moving.instances) == len(moving.casters) == 0


def test_a_standing_car_is_its_model_at_its_pose(world: World) -> None:
    car = world.spawn(CAR, {"color": "150,20,20"}, Pose(30.0, -20.0, 1.0, 0.05, -0.08, 2.1))
    world.set_simulate(car, False)
    movers = movers_of(world)
    world.step(TICK_S)
    moving = movers.update(world)
    geometry, made = moving.geometry, model(world, car)
    assert made.far is not None
    matrix = np.array(rotation(world.pose(car)))
    for g, mesh in enumerate((made.near, made.far)):
        expected = mesh.vertices @ matrix.T + (30.0, -20.0, 1.0)
        assert group(moving, g) == pytest.approx(expected, abs=1e-5)
        triangles = slice(geometry.group_start[g], geometry.group_start[g + 1])
        assert (geometry.triangles[triangles] == mesh.triangles + geometry.vertex_start[g]).all()
        assert geometry.normal[triangles] == pytest.approx(rest_normals(mesh) @ matrix.T, abs=1e-5)
        assert geometry.bounds[g, :3] == pytest.approx(expected.min(0), abs=1e-5)
        assert geometry.bounds[g, 3:] == pytest.approx(expected.max(0), abs=1e-5)
    assert (geometry.instance == FIRST).all()
    assert geometry.nearest_m.tolist() == [0.0, FAR_M, 0.0]
    assert geometry.farthest_m[0] == np.float32(FAR_M)
    assert geometry.farthest_m[1] > 1000.0
    assert geometry.farthest_m[2] == 0.0, "no door is open"
    row = moving.instances[0]
    assert row["id"] == car.id
    assert row["label"] == 14
    assert row["tint"] == pytest.approx(linear(150, 20, 20))


def test_normals_stay_those_of_the_triangles_when_parts_move(world: World) -> None:
    car = world.spawn(CAR, {}, Pose(0.0, 0.0, 0.1))
    walker = world.spawn(WALKER, {}, Pose(0.0, 8.0, 0.94))
    world.walk(walker, (1.0, 0.0, 0.0), 1.4, False)
    world.vehicle_row(car)["throttle"], world.vehicle_row(car)["steer"] = 0.6, 0.7
    movers = movers_of(world)
    for _ in range(30):
        world.step(TICK_S)
        moving = movers.update(world)
    g = moving.geometry
    a, b, c = (g.vertices[g.triangles[:, k]].astype(np.float64) for k in range(3))
    normal = np.cross(b - a, c - a)
    size = np.linalg.norm(normal, axis=1)
    large = size > 1e-4
    assert (np.einsum("ij,ij->i", normal, g.normal)[large] > 0.999 * size[large]).all()


@pytest.mark.parametrize(
    "type_id",
    [CAR, "vehicle.mitsubishi.fusorosa", "vehicle.carlamotors.firetruck", "vehicle.micro.microlino",
     "vehicle.kawasaki.ninja", "vehicle.gazelle.omafiets", "vehicle.vespa.zx125"],
)  # fmt: skip
def test_a_driving_vehicle_stays_inside_its_box_and_touches_the_ground(world: World, type_id: str) -> None:
    actor = world.spawn(type_id, {}, Pose(0.0, 0.0, 0.05))
    movers = movers_of(world)
    lowest = []
    for tick in range(80):
        control = world.vehicle_row(actor)
        control["throttle"], control["steer"] = 0.5, np.sin(0.15 * tick)
        world.step(TICK_S)
        moving = movers.update(world)
        for g in range(2):
            assert in_box(world, actor, group(moving, g))
        lowest.append(in_own_frame(world, actor, group(moving, 0))[:, 2].min())
    row = world.row(actor)
    assert min(lowest) == pytest.approx(max(row["center_z"] - row["half_z"], 0.0), abs=0.003)


@pytest.mark.parametrize(
    "type_id", [WALKER, "walker.pedestrian.0009", "walker.pedestrian.0012", "walker.pedestrian.0015"]
)
@pytest.mark.parametrize("speed_mps", [1.3, 4.0])
def test_a_walker_stays_inside_its_box_in_full_stride(world: World, type_id: str, speed_mps: float) -> None:
    walker = world.spawn(type_id, {}, Pose(0.0, 0.0, 0.94))
    world.walk(walker, (0.0, 1.0, 0.0), speed_mps, False)
    movers = movers_of(world)
    reach = []
    for _ in range(60):
        world.step(TICK_S)
        moving = movers.update(world)
        for g in range(2):
            assert in_box(world, walker, group(moving, g))
        reach.append(np.abs(in_own_frame(world, walker, group(moving, 0))[:, 0]).max())
    assert max(reach) > 0.85 * world.row(walker)["half_x"]


@pytest.mark.parametrize("wheelchair", ["false", "true"])
def test_a_dead_walker_lies_on_the_ground_where_its_box_is(world: World, wheelchair: str) -> None:
    walker = world.spawn(WALKER, {"use_wheelchair": wheelchair}, Pose(0.0, 0.0, 0.94, yaw=0.7))
    movers = movers_of(world)
    for _ in range(20):
        world.step(TICK_S)
        standing = movers.update(world)
    floor = group(standing, 0)[:, 2].min()
    tall = np.ptp(group(standing, 0)[:, 2])
    row = world.row(walker)
    row["dead"], row["simulate"] = 1, 0
    world.step(TICK_S)
    moving = movers.update(world)
    lying = group(moving, 0)
    assert in_box(world, walker, lying)
    assert lying[:, 2].min() == pytest.approx(floor, abs=0.15)
    own = in_own_frame(world, walker, lying)
    assert np.ptp(own[:, 0]) == pytest.approx(tall, abs=1e-3)
    made = model(world, walker)
    head = made.near.vertices[:, 2] > made.near.vertices[:, 2].max() - 0.1
    assert own[head, 0].max() < own[~head, 0].max() - 1.0  # behind
    np.testing.assert_allclose(np.linalg.norm(moving.geometry.normal, axis=1), 1.0, atol=1e-5)
    corners = moving.geometry.vertices[moving.geometry.triangles].astype(float)
    away = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    assert ((away * moving.geometry.normal).sum(axis=1) > 0.0).all()  # turned, not mirrored
    caster = moving.casters[0]
    assert caster["height"] == pytest.approx(2.0 * world.box(walker)[1][2])


def test_legs_move_while_walking_and_rest_while_standing(world: World) -> None:
    walker = world.spawn(WALKER, {}, Pose(0.0, 0.0, 0.93))
    movers = movers_of(world)
    made = model(world, walker)
    left = np.isin(made.near.bone, np.flatnonzero((made.joints["kind"] == THIGH) & (made.joints["side"] == -1)))
    right = np.isin(made.near.bone, np.flatnonzero((made.joints["kind"] == THIGH) & (made.joints["side"] == 1)))

    def legs() -> tuple[float, float]:
        world.step(TICK_S)
        own = in_own_frame(world, walker, group(movers.update(world), 0))
        return float(own[left, 0].mean()), float(own[right, 0].mean())

    for _ in range(5):
        standing = legs()
        assert standing == pytest.approx((0.0, 0.0), abs=1e-4)
    world.walk(walker, (1.0, 0.0, 0.0), 1.4, False)
    walking = np.array([legs() for _ in range(60)])
    assert np.ptp(walking, axis=0) == pytest.approx([walking[:, 0].max() * 2] * 2, rel=0.7)
    assert (np.ptp(walking, axis=0) > 0.08).all()
    assert np.corrcoef(walking[10:].T)[0, 1] < -0.2, "they swing in turn"
    world.walk(walker, (1.0, 0.0, 0.0), 0.0, False)
    for _ in range(20):
        standing = legs()
    assert standing == pytest.approx((0.0, 0.0), abs=1e-4)


def spin_rad(world: World, actor: Actor, vertices: NDArray[np.float32], bone: int) -> float:
    """How far a wheel has turned: the angle of its first vertex about the axle, seen from the left."""
    made = model(world, actor)
    joint = made.joints[bone]
    k = int(np.flatnonzero(made.near.bone == bone)[0])
    angles = []
    for place in (made.near.vertices[k], in_own_frame(world, actor, vertices)[k]):
        angles.append(np.arctan2(place[0] - joint["x"], place[2] - joint["z"]))
    return float(angles[1] - angles[0])


def test_wheels_roll_by_the_distance_driven(world: World) -> None:
    car = world.spawn(CAR, {}, Pose(0.0, 0.0, 0.0, 0.0, 0.0, 0.7))
    world.set_simulate(car, False)
    movers = movers_of(world)
    movers.follow(world)
    forward, radius = 1.37, float(model(world, car).joints["radius"][3])
    pose = world.pose(car)
    for step in range(1, 4):
        x = step * forward
        world.teleport(car, pose._replace(x=x * np.cos(0.7), y=x * np.sin(0.7)))
        world.step(TICK_S)
        moving = movers.update(world)
        assert np.sin(0.5 * (spin_rad(world, car, group(moving, 0), 3) - x / radius)) == pytest.approx(0.0, abs=1e-4)
    world.teleport(car, pose)
    world.step(TICK_S)
    assert spin_rad(world, car, group(movers.update(world), 0), 3) == pytest.approx(0.0, abs=1e-4), "backwards"
    world.teleport(car, pose._replace(x=300.0))
    world.step(TICK_S)
    assert spin_rad(world, car, group(movers.update(world), 0), 3) == pytest.approx(0.0, abs=1e-4), "a change of place"


def test_front_wheels_steer_and_rear_wheels_do_not(world: World) -> None:
    car = world.spawn(CAR, {}, Pose(0.0, 0.0, 0.0))
    world.set_simulate(car, False)
    movers, made = movers_of(world), model(world, car)
    for sign in (1.0, -1.0):
        world.vehicle_row(car)["wheels"]["steer_rad"][:2] = 0.1 * sign
        own = in_own_frame(world, car, group(movers.update(world), 0))
        for bone, joint in enumerate(made.joints):
            if joint["kind"] not in (WHEEL, STEERED_WHEEL):
                continue
            rows = made.near.bone == bone
            ahead = rows & (made.near.vertices[:, 0] > joint["x"] + 0.25)
            shift = float((own[ahead, 1] - made.near.vertices[ahead, 1]).mean())
            if joint["kind"] == WHEEL:
                assert shift == pytest.approx(0.0, abs=1e-6)
            else:
                assert np.sign(shift) == sign, "right is positive, as is a steer to the right"
                assert abs(shift) > 0.02


@pytest.mark.parametrize(
    "type_id", [v for v in VEHICLES if vehicle_spec(v).doors and vehicle_spec(v).base_type != "truck"]
)
def test_an_open_door_swings_out_and_a_closed_one_is_hidden(world: World, type_id: str) -> None:
    car = world.spawn(type_id, {}, Pose(0.0, 0.0, 0.0))
    world.set_simulate(car, False)
    movers, made = movers_of(world), model(world, car)
    assert made.doors is not None
    assert in_box(world, car, group(movers.update(world), 2))
    doors = made.joints[made.joints["kind"] == DOOR]
    half_y = float(world.row(car)["half_y"])
    for joint in doors:
        world.vehicle_row(car)["doors_open"] = 1 << int(joint["index"])
        moving = movers.update(world)
        assert moving.geometry.farthest_m[2] > 100.0
        own = in_own_frame(world, car, group(moving, 2))
        for bone in np.flatnonzero(made.joints["kind"] == DOOR):
            out = (own[made.doors.bone == bone, 1] * made.joints["side"][bone]).max() - half_y
            assert (out > 0.3) == (made.joints["index"][bone] == joint["index"])
    world.vehicle_row(car)["doors_open"] = 0
    assert movers.update(world).geometry.farthest_m[2] == 0.0
    assert sorted(doors["index"].tolist()) in ([0, 1], [0, 1, 2, 3])


def test_a_cyclists_feet_stay_on_the_pedals(world: World) -> None:
    bicycle = world.spawn("vehicle.diamondback.century", {}, Pose())
    world.set_simulate(bicycle, False)
    movers, made = movers_of(world), model(world, bicycle)
    movers.follow(world)
    for step in range(1, 25):
        x = 0.31 * step
        world.teleport(bicycle, Pose(x))
        world.step(TICK_S)
        own = in_own_frame(world, bicycle, group(movers.update(world), 0))
        for bone in np.flatnonzero(made.joints["kind"] == PEDAL_SHIN):
            joint = made.joints[bone]
            crank_m = joint["side"] * joint["crank_m"]
            rest = made.near.vertices[made.near.bone == bone].astype(np.float64)
            now = own[made.near.bone == bone]
            # The rotation and shift of the shin, by least squares.
            u, _, v = np.linalg.svd((rest - rest.mean(0)).T @ (now - now.mean(0)))
            foot = np.array([joint["crank_x"], 0.15 * joint["side"], joint["crank_z"] + crank_m])
            foot = (foot - rest.mean(0)) @ (u @ v) + now.mean(0)
            phase = x / joint["radius"]
            assert foot[0] == pytest.approx(joint["crank_x"] + crank_m * np.sin(phase), abs=1e-3)
            assert foot[2] == pytest.approx(joint["crank_z"] + crank_m * np.cos(phase), abs=1e-3)


def test_following_and_drawing_tell_the_same(world: World) -> None:
    """Wheels and legs stand as they stand, however often somebody looked."""
    car = world.spawn(CAR, {}, Pose(0.0, 0.0, 0.05))
    walker = world.spawn(WALKER, {}, Pose(0.0, 9.0, 0.94))
    world.walk(walker, (1.0, 0.2, 0.0), 1.5, False)
    world.vehicle_row(car)["throttle"] = 0.7
    seen, unseen = movers_of(world), movers_of(world)
    seen.follow(world)
    unseen.follow(world)
    for tick in range(40):
        world.step(TICK_S)
        seen.update(world)
        if tick % 3:
            seen.update(world)
        unseen.follow(world)
    one, other = seen.update(world), unseen.update(world)
    assert one.geometry.vertices.tobytes() == other.geometry.vertices.tobytes()
    assert one.geometry.normal.tobytes() == other.geometry.normal.tobytes()
    assert one.instances.tobytes() == other.instances.tobytes()
    assert one.casters.tobytes() == other.casters.tobytes()


def drive(seed: int) -> list[bytes]:
    world = World(flat_town(), seed=seed)
    movers = movers_of(world)
    told = []
    for k in range(6):
        world.spawn(world.catalogue.blueprints[5 * k].id, {}, Pose(0.0, 8.0 * k, 0.1))
    for k in range(3):
        walker = world.spawn(f"walker.pedestrian.{k + 1:04d}", {}, Pose(-9.0, 8.0 * k, 0.94))
        world.walk(walker, (1.0, 0.1 * k, 0.0), 1.0 + k, False)
    world.vehicles["throttle"][:6] = 0.5
    for _ in range(20):
        world.step(TICK_S)
        moving = movers.update(world)
        told.append(b"".join(part.tobytes() for part in (*moving.geometry, moving.instances, moving.casters)))
    return told


def test_two_runs_are_the_same_bit_for_bit() -> None:
    assert drive(0) == drive(0)


def test_what_was_handed_out_does_not_change(world: World) -> None:
    car = world.spawn(CAR, {}, Pose(0.0, 0.0, 0.1))
    world.vehicle_row(car)["throttle"] = 1.0
    movers = movers_of(world)
    world.step(TICK_S)
    first = movers.update(world)
    before = [part.tobytes() for part in (*first.geometry, first.instances, first.casters)]
    for _ in range(5):
        world.step(TICK_S)
        movers.update(world)
    world.spawn(WALKER, {}, Pose(0.0, 9.0, 0.94))
    movers.update(world)
    assert [part.tobytes() for part in (*first.geometry, first.instances, first.casters)] == before


def test_motion_leads_back_to_the_step_before(world: World) -> None:
    car = world.spawn(CAR, {}, Pose(5.0, 3.0, 0.0, 0.0, 0.02, 0.4))
    world.set_simulate(car, False)
    movers = movers_of(world)
    first = movers.update(world)
    assert first.instances["motion"][0] == pytest.approx(np.eye(3, 4))
    before = group(first, 0)
    world.teleport(car, Pose(6.1, 3.5, 0.1, 0.03, -0.01, 0.55))
    world.step(TICK_S)
    world.set_velocity(car, 22.0, 10.0, 2.0)
    moving = movers.update(world)
    motion = moving.instances["motion"][0]
    body = model(world, car).near.bone == 0
    now = group(moving, 0)[body].astype(np.float64)
    assert now @ motion[:, :3].T + motion[:, 3] == pytest.approx(before[body], abs=1e-4)
    assert not np.allclose(now, before[body], atol=0.5)
    assert moving.instances["velocity"][0].tolist() == [22.0, 10.0, 2.0]
    again = movers.update(world)
    assert again.instances["motion"].tobytes() == moving.instances["motion"].tobytes(), "one step, one motion"
    world.step(TICK_S)
    assert movers.update(world).instances["motion"][0] == pytest.approx(np.eye(3, 4), abs=1e-9)


@pytest.mark.parametrize(
    ("pedal", "lit"), [(0.0, False), (BRAKE_SHOWS_FROM - 0.01, False), (BRAKE_SHOWS_FROM, True), (1.0, True)]
)
def test_a_pedal_lights_the_brake_lamps(world: World, pedal: float, lit: bool) -> None:
    car = world.spawn(CAR, {}, Pose(0.0, 0.0, 0.1))
    movers = movers_of(world)
    control = world.vehicle_row(car)
    control["brake"], control["light_state"] = pedal, p.LOW_BEAM | p.LEFT_BLINKER
    moving = movers.update(world)
    lights = int(moving.instances["lights"][0])
    assert lights & ~p.BRAKE == p.LOW_BEAM | p.LEFT_BLINKER
    assert bool(lights & p.BRAKE) == lit
    assert moving.casters["lights"][0] == lights
    control["reverse"] = 1
    assert movers.update(world).instances["lights"][0] & p.REVERSE


def test_what_the_client_lights_is_lit(world: World) -> None:
    car = world.spawn(CAR, {}, Pose(0.0, 0.0, 0.1))
    movers = movers_of(world)
    every = 0x7FF
    world.vehicle_row(car)["light_state"] = every
    assert movers.update(world).instances["lights"][0] == every


def test_warning_lamps_of_props_always_shine(world: World) -> None:
    sign = world.spawn("static.prop.trafficwarning", {}, Pose(0.0, 0.0, 0.0))
    moving = movers_of(world).update(world)
    lamps = [p.PALETTE[row].lamp for row in model(world, sign).near.material]
    assert any(lamp & int(moving.instances["lights"][0]) for lamp in lamps)


def test_rows_are_in_order_of_creation_and_survive_departures(world: World) -> None:
    movers = movers_of(world)
    actors = [
        world.spawn(CAR, {}, Pose(0.0, 0.0, 0.0)),
        world.spawn(WALKER, {}, Pose(0.0, 9.0, 0.94)),
        world.spawn("static.prop.streetbarrier", {}, Pose(0.0, 20.0, 0.0)),
        world.spawn("vehicle.bh.crossbike", {}, Pose(0.0, 30.0, 0.0)),
        world.spawn("static.prop.colacan", {}, Pose(0.0, 40.0, 0.0)),
    ]
    world.spawn("sensor.camera.rgb", {}, Pose(), actors[0].id)
    world.walk(actors[1], (1.0, 0.0, 0.0), 2.0, False)
    for _ in range(30):
        world.step(TICK_S)
        moving = movers.update(world)
    ids = [actor.id for actor in actors]
    assert moving.instances["id"].tolist() == ids
    assert moving.instances["label"].tolist() == [14, 12, 21, 19, 21]
    assert moving.casters["instance"].tolist() == [FIRST + k for k in range(4)], "a can throws no shadow"
    assert moving.casters["height"] == pytest.approx([2 * float(world.row(a)["half_z"]) for a in actors[:4]])
    assert len(set(moving.instances["colour_id"].tolist())) == len(ids)
    walking = group(moving, 3)
    world.destroy(actors[0])
    moving = movers.update(world)
    assert moving.instances["id"].tolist() == ids[1:]
    assert (group(moving, 0) == walking).all(), "the walker's legs stay as they were"


def test_colours_of_ids_differ() -> None:
    assert len({colour_id(k) for k in range(65536)}) == 65536
    assert colour_id(70_000) != colour_id(70_000 - 65_536)


def test_casters_stand_where_their_boxes_stand(world: World) -> None:
    bus = world.spawn("vehicle.mitsubishi.fusorosa", {}, Pose(10.0, 20.0, 0.0, 0.0, 0.0, np.pi / 2))
    world.set_simulate(bus, False)
    caster = movers_of(world).update(world).casters[0]
    row = world.row(bus)
    assert caster["x"] == pytest.approx(10.0 - row["center_y"], abs=1e-5)
    assert caster["y"] == pytest.approx(20.0 + row["center_x"], abs=1e-5)
    assert caster["z"] == pytest.approx(row["center_z"] - row["half_z"], abs=1e-5)
    assert [caster["half_x"], caster["half_y"]] == pytest.approx([row["half_x"], row["half_y"]])
    assert caster["yaw"] == pytest.approx(np.pi / 2)


def test_what_is_parked_under_the_town_is_not_drawn(world: World) -> None:
    car = world.spawn(CAR, {}, Pose(0.0, 0.0, 0.0))
    world.set_simulate(car, False)
    movers = movers_of(world)
    assert (movers.update(world).geometry.farthest_m[:2] > 0.0).all()
    for hidden in (Pose(0.0, 0.0, -500.0), Pose(0.0, 0.0, -4.0)):
        world.teleport(car, hidden)
        world.step(TICK_S)
        moving = movers.update(world)
        assert (moving.geometry.farthest_m == 0.0).all()
        assert len(moving.casters) == 0
        assert moving.instances["id"].tolist() == [car.id]
        assert np.isfinite(moving.geometry.vertices).all()
    world.teleport(car, Pose())
    world.step(TICK_S)
    moving = movers.update(world)
    assert (moving.geometry.farthest_m[:2] > 0.0).all()
    assert len(moving.casters) == 1


def test_what_is_mounted_on_a_car_moves_with_it(world: World) -> None:
    car = world.spawn(CAR, {}, Pose(0.0, 0.0, 0.1))
    world.spawn("static.prop.box01", {}, Pose(0.0, 0.0, 2.0), car.id)
    world.vehicle_row(car)["throttle"] = 1.0
    movers = movers_of(world)
    for _ in range(40):
        world.step(TICK_S)
        moving = movers.update(world)
    box = group(moving, 3)
    assert world.row(car)["x"] > 3.0
    assert 0.5 * (box[:, 0].min() + box[:, 0].max()) == pytest.approx(world.row(car)["x"], abs=0.05)


def test_another_episode_begins_from_nothing(world: World) -> None:
    movers = movers_of(world)
    walker = world.spawn(WALKER, {}, Pose(0.0, 0.0, 0.94))
    world.walk(walker, (1.0, 0.0, 0.0), 2.0, False)
    for _ in range(10):
        world.step(TICK_S)
        movers.update(world)
    other = World(flat_town())
    again = other.spawn(WALKER, {}, Pose(0.0, 0.0, 0.93))
    moving = movers.update(other)
    made = model(other, again)
    assert in_own_frame(other, again, group(moving, 0)) == pytest.approx(made.near.vertices, abs=1e-4)


def test_a_tick_of_fifty_vehicles_and_twenty_walkers_is_quick(world: World) -> None:
    for k in range(50):
        world.spawn(VEHICLES[k % len(VEHICLES)], {}, Pose(14.0 * k - 350.0, 0.0, 0.1))
    for k in range(20):
        world.spawn(f"walker.pedestrian.{k + 1:04d}", {}, Pose(6.0 * k, 20.0, 0.94))
    movers = movers_of(world)
    took_s = []
    for _ in range(30):
        world.step(TICK_S)
        begin = time.thread_time()
        movers.update(world)
        took_s.append(time.thread_time() - begin)
    # 0.25 ms on the machine of docs/results; the margin is for slower ones.
    assert min(took_s) < 1e-3
