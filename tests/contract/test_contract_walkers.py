"""Walkers under WalkerControl and under the client's navigation (sections 6a and 7, needs A3, B2, B3, C16, C21)."""

import json
import math
import subprocess
import sys
from collections.abc import Iterator

import carla
import pytest

import simulator
from tests.contract.support import CAR, DELTA_S, WALKER, Bench, flat_distance, yaw_difference

CHILD = "walker.pedestrian.0009"


def walk(walker: carla.Walker, direction: carla.Vector3D, speed: float, jump: bool = False) -> None:
    walker.apply_control(carla.WalkerControl(direction, speed, jump))


# -- standing and walking ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("type_id", [WALKER, CHILD])
def test_a_walker_stands_with_its_middle_half_its_height_above_the_ground(bench: Bench, type_id: str) -> None:
    waypoint = bench.sidewalk()
    place = waypoint.transform
    place.location.z += 1.2
    walker = bench.spawn(type_id, place)
    bench.seconds(2.0)
    half = walker.bounding_box.extent.z
    assert walker.get_location().z - half == pytest.approx(waypoint.transform.location.z, abs=0.1)
    assert walker.get_velocity().length() < 0.01


def test_a_walker_walks_speed_times_time(bench: Bench) -> None:
    walker = bench.walker(bench.ahead(bench.straight(), 0.0, up_m=1.0))
    before = walker.get_location()
    direction = bench.straight().get_forward_vector()
    walk(walker, direction, 1.5)
    bench.seconds(10.0)
    way = walker.get_location() - before
    assert flat_distance(walker.get_location(), before) == pytest.approx(15.0, abs=0.3)
    assert way.dot(direction) == pytest.approx(15.0, abs=0.3)
    assert walker.get_velocity().length() == pytest.approx(1.5, abs=0.02)


def test_a_walker_turns_to_where_it_walks(bench: Bench) -> None:
    walker = bench.walker(bench.ahead(bench.straight(), 0.0, up_m=1.0))
    direction = bench.straight().get_right_vector()
    walk(walker, direction, 1.0)
    bench.seconds(1.5)
    wanted = math.degrees(math.atan2(direction.y, direction.x))
    assert yaw_difference(walker.get_transform().rotation.yaw, wanted) < 3.0


def test_a_walker_stops_when_told(bench: Bench) -> None:
    walker = bench.walker(bench.ahead(bench.straight(), 0.0, up_m=1.0))
    walk(walker, bench.straight().get_forward_vector(), 3.0)
    bench.seconds(1.0)
    walk(walker, carla.Vector3D(), 0.0)
    bench.seconds(1.0)
    before = walker.get_location()
    bench.seconds(2.0)
    assert walker.get_location().distance(before) < 0.01


def test_the_state_echoes_a_walkers_control(bench: Bench) -> None:
    """Experts foresee pedestrians by the direction of their control."""
    walker = bench.walker(bench.ahead(bench.straight(), 0.0, up_m=1.0))
    walk(walker, carla.Vector3D(0.0, 1.0, 0.0), 1.25)
    bench.tick()
    control = walker.get_control()
    assert (control.direction.x, control.direction.y, control.direction.z) == (0.0, 1.0, 0.0)
    assert control.speed == pytest.approx(1.25)
    assert control.jump is False


def test_a_walker_jumps_and_lands(bench: Bench) -> None:
    walker = bench.walker(bench.ahead(bench.straight(), 0.0, up_m=1.0))
    ground = walker.get_location().z
    walk(walker, carla.Vector3D(), 0.0, jump=True)
    highest = 0.0
    for _ in range(10):
        bench.tick()
        walk(walker, carla.Vector3D(), 0.0)
        highest = max(highest, walker.get_location().z - ground)
    assert 0.2 < highest < 1.5
    bench.seconds(2.0)
    assert walker.get_location().z == pytest.approx(ground, abs=0.05)


def test_a_walker_climbs_a_kerb(bench: Bench) -> None:
    waypoint = bench.sidewalk()
    walker = bench.walker()
    start = walker.get_location()
    to_road = waypoint.transform.get_right_vector() * -1.0
    walk(walker, to_road, 2.0)
    bench.seconds(2.5)
    on_road = walker.get_location()
    assert flat_distance(on_road, start) > 4.0
    walk(walker, to_road * -1.0, 2.0)
    bench.seconds(2.5)
    assert flat_distance(walker.get_location(), start) < 0.5
    assert walker.get_location().z == pytest.approx(start.z, abs=0.05)


def test_a_walker_does_not_walk_through_a_car(bench: Bench) -> None:
    place = bench.straight()
    car = bench.car(bench.ahead(place, 5.0))
    car.apply_control(carla.VehicleControl(hand_brake=True))
    walker = bench.walker(bench.ahead(place, 0.0, up_m=1.0))
    walk(walker, place.get_forward_vector(), 1.5)
    bench.seconds(8.0)
    assert place.inverse_transform(walker.get_location()).x < 3.0
    assert flat_distance(car.get_location(), bench.ahead(place, 5.0).location) < 0.2


def test_a_walker_is_spawned_far_below_a_car_and_brought_to_cross_its_way(bench: Bench) -> None:
    """A pedestrian of DynamicObjectCrossing: spawned 50 m under the ego, parked deeper, then set on the road."""
    car = bench.car()
    below = carla.Transform(car.get_location() + carla.Location(z=-50.0))
    walker = bench.spawn(WALKER, below)
    walker.set_simulate_physics(False)
    walker.set_location(below.location + carla.Location(z=-50.0))
    for _ in range(4):
        bench.seconds(5.0)
        walker.set_location(car.get_location() + carla.Location(z=-100.0))
        bench.tick()
        assert walker.get_location().distance(car.get_location() + carla.Location(z=-100.0)) < 0.01
    there = bench.ahead(bench.straight(), 20.0, 3.0, 1.2)
    walker.set_transform(there)
    walker.set_simulate_physics(True)
    bench.tick()
    assert walker.get_location().distance(there.location) < 1.0
    walk(walker, bench.straight().get_right_vector() * -1.0, 1.6)
    bench.seconds(4.0)
    place = there.inverse_transform(walker.get_location())
    assert place.y == pytest.approx(-6.4, abs=1.0)  # it falls the first hand's breadth


def test_bones_have_the_names_of_carlas_skeleton(bench: Bench) -> None:
    walker = bench.walker()
    bones = {bone.name: bone for bone in walker.get_bones().bone_transforms}
    assert {"crl_root", "crl_hips__C", "crl_Head__C", "crl_foot__L", "crl_hand__R"} <= set(bones)
    head, foot = bones["crl_Head__C"].world.location, bones["crl_foot__L"].world.location
    assert flat_distance(head, walker.get_location()) < 0.5
    assert 1.2 < head.z - foot.z < 2.0
    walker.blend_pose(0.0)
    walker.show_pose()
    walker.hide_pose()
    walker.get_pose_from_animation()


# -- navigation --------------------------------------------------------------------------------------------------


def random_places(bench: Bench, count: int) -> list[carla.Location]:
    places = [bench.world.get_random_location_from_navigation() for _ in range(count)]
    assert all(place is not None for place in places), f"{bench.map.name} has nothing to walk on"
    return places


def in_outline(x: float, y: float, outline: list[carla.Location]) -> bool:
    """Ray casting; outlines are closed."""
    inside = False
    for a, b in zip(outline, outline[1:] + outline[:1], strict=True):
        if (a.y > y) != (b.y > y) and x < (b.x - a.x) * (y - a.y) / (b.y - a.y) + a.x:
            inside = not inside
    return inside


def crosswalks(bench: Bench) -> list[list[carla.Location]]:
    """Each outline is closed by its first corner again."""
    found: list[list[carla.Location]] = []
    current: list[carla.Location] = []
    for corner in bench.map.get_crosswalks():
        if current and corner.distance(current[0]) < 1e-3:
            found.append(current)
            current = []
        else:
            current.append(corner)
    return found


def on_walkway(bench: Bench, place: carla.Location, outlines: list[list[carla.Location]]) -> bool:
    waypoint = bench.map.get_waypoint(place, lane_type=carla.LaneType.Sidewalk)
    if waypoint and flat_distance(waypoint.transform.location, place) < waypoint.lane_width / 2.0 + 0.5:
        return True
    return any(in_outline(place.x, place.y, outline) for outline in outlines)


def test_random_places_lie_on_sidewalks_and_crosswalks(bench: Bench) -> None:
    bench.world.set_pedestrians_seed(5)
    outlines = crosswalks(bench)
    assert outlines
    places = random_places(bench, 200)
    outside = [place for place in places if not on_walkway(bench, place, outlines)]
    # Corners of blocks, where sidewalks of two roads meet inside a junction, belong to no sidewalk lane.
    assert len(outside) < 0.15 * len(places)
    for place in outside:
        road = bench.map.get_waypoint(place, project_to_road=False, lane_type=carla.LaneType.Driving)
        assert road is None or road.is_junction, place
    spread = max(place.x for place in places) - min(place.x for place in places)
    assert spread > 100.0


def test_random_places_have_the_height_of_the_ground(bench: Bench) -> None:
    bench.world.set_pedestrians_seed(6)
    for place in random_places(bench, 50):
        ground = bench.world.ground_projection(carla.Location(place.x, place.y, place.z + 2.0), 5.0)
        assert ground is not None
        assert ground.location.z == pytest.approx(place.z, abs=0.6)


def test_the_seed_decides_the_random_places(bench: Bench) -> None:
    runs = []
    for seed in (11, 11, 12):
        bench.world.set_pedestrians_seed(seed)
        runs.append([(place.x, place.y) for place in random_places(bench, 5)])
    assert runs[0] == runs[1] != runs[2]


@pytest.fixture
def pedestrians(bench: Bench) -> Iterator[list[tuple[carla.Walker, carla.WalkerAIController]]]:
    """Ten walkers with controllers, as generate_traffic makes them: two batches with a tick, then start."""
    command = carla.command
    world, client = bench.world, bench.client
    world.set_pedestrians_seed(3)
    blueprints = [bench.blueprint(f"walker.pedestrian.{number:04}") for number in range(15, 45)]
    ids: list[int] = []
    for blueprint in blueprints:
        if len(ids) < 10:
            [place] = random_places(bench, 1)
            spawn = command.SpawnActor(blueprint, carla.Transform(place + carla.Location(z=1.0)))
            [response] = client.apply_batch_sync([spawn], True)
            ids += [] if response.has_error() else [response.actor_id]
    assert len(ids) == 10
    blueprint = bench.blueprint("controller.ai.walker")
    spawns = [command.SpawnActor(blueprint, carla.Transform(), number) for number in ids]
    controllers = [response.actor_id for response in client.apply_batch_sync(spawns, True)]
    world.tick()
    world.set_pedestrians_cross_factor(0.3)
    pairs = list(zip(world.get_actors(ids), world.get_actors(controllers), strict=True))
    for _, controller in pairs:
        controller.start()
        controller.go_to_location(random_places(bench, 1)[0])
        controller.set_max_speed(1.4)
    yield pairs
    for _, controller in pairs:
        controller.stop()


def test_ai_walkers_walk_on_walkways_at_their_speed(
    bench: Bench, pedestrians: list[tuple[carla.Walker, carla.WalkerAIController]]
) -> None:
    outlines = crosswalks(bench)
    bench.seconds(2.0)
    start = {walker.id: walker.get_location() for walker, _ in pedestrians}
    way: dict[int, float] = dict.fromkeys(start, 0.0)
    last = dict(start)
    on_road = 0
    for _ in range(600):
        bench.tick()
        for walker, _ in pedestrians:
            place = walker.get_location()
            step = flat_distance(place, last[walker.id])
            assert step < 3.0 * DELTA_S + 0.1
            way[walker.id] += step
            last[walker.id] = place
            on_road += not on_walkway(bench, place, outlines)
    walking = [number for number, metres in way.items() if metres > 15.0]
    assert len(walking) >= 7
    assert on_road < 0.1 * 600 * len(pedestrians)


def test_ai_walkers_stand_on_the_ground_and_tell_their_motion(
    bench: Bench, pedestrians: list[tuple[carla.Walker, carla.WalkerAIController]]
) -> None:
    bench.seconds(5.0)
    moving = 0
    for walker, _ in pedestrians:
        place = walker.get_location()
        ground = bench.world.ground_projection(
            carla.Location(place.x, place.y, place.z - walker.bounding_box.extent.z + 0.3), 2.0
        )
        assert ground is not None
        assert place.z - walker.bounding_box.extent.z == pytest.approx(ground.location.z, abs=0.1)
        velocity = walker.get_velocity()
        if velocity.length() > 0.5:
            moving += 1
            control = walker.get_control()
            assert control.speed > 0.1
            heading = math.degrees(math.atan2(velocity.y, velocity.x))
            assert yaw_difference(walker.get_transform().rotation.yaw, heading) < 60.0
    assert moving >= 5


def test_an_ai_walker_arrives(bench: Bench, pedestrians: list[tuple[carla.Walker, carla.WalkerAIController]]) -> None:
    walker, controller = pedestrians[0]
    bench.seconds(1.0)
    goal = min(
        (place for place in random_places(bench, 200) if 8.0 < flat_distance(place, walker.get_location()) < 60.0),
        key=lambda place: flat_distance(place, walker.get_location()),
    )
    controller.go_to_location(goal)
    controller.set_max_speed(2.5)
    assert bench.until(lambda: flat_distance(walker.get_location(), goal) < 2.0, 90.0)


def test_a_stopped_ai_walker_can_be_walked_by_hand(
    bench: Bench, pedestrians: list[tuple[carla.Walker, carla.WalkerAIController]]
) -> None:
    walker, controller = pedestrians[0]
    bench.seconds(3.0)
    controller.stop()
    bench.tick(2)
    walker.set_simulate_physics(True)
    walker.set_collisions(True)
    before = walker.get_location()
    walk(walker, walker.get_transform().get_forward_vector(), 1.0)
    bench.seconds(2.0)
    assert 1.0 < flat_distance(walker.get_location(), before) < 2.3


def test_ai_walkers_walk_in_an_asynchronous_world(
    bench: Bench, pedestrians: list[tuple[carla.Walker, carla.WalkerAIController]]
) -> None:
    settings = bench.world.get_settings()
    settings.synchronous_mode = False
    settings.fixed_delta_seconds = None
    bench.world.apply_settings(settings)
    start = [walker.get_location() for walker, _ in pedestrians]
    for _ in range(60):
        bench.world.wait_for_tick(5.0)
    moved = [flat_distance(walker.get_location(), place) for (walker, _), place in zip(pedestrians, start, strict=True)]
    assert sum(metres > 1.0 for metres in moved) >= 6


def test_a_walker_and_its_controller_can_be_destroyed_while_walking(
    bench: Bench, pedestrians: list[tuple[carla.Walker, carla.WalkerAIController]]
) -> None:
    walker, controller = pedestrians.pop()
    bench.seconds(1.0)
    controller.stop()
    bench.destroy(controller)
    bench.destroy(walker)
    bench.seconds(1.0)
    assert bench.world.get_actors().find(walker.id) is None
    assert CAR not in {actor.type_id for actor in bench.world.get_actors()}


@pytest.mark.timeout(180)
def test_ai_walkers_repeat_by_whether_their_process_had_ai_walkers_before() -> None:
    """The client looks for traffic lights once a process (docs/howto/repeat-a-run.md)."""
    with simulator.serve("Harbor") as server:

        def client(episodes: int) -> list[list[list[float]]]:
            command = [sys.executable, "-m", "tests.contract.walkers_by_episode", str(server.port), str(episodes)]
            return list(json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=120).stdout))

        (alone,) = client(1)
        first, second, third = client(3)
    assert first == alone
    assert second == third
    assert second != first
