"""apply_batch and apply_batch_sync: every command, futures, order, errors and ticks (sections 5 and 6a, needs B2)."""

import time

import carla
import pytest

from tests.contract.support import CAR, WALKER, Bench, flat_distance

command = carla.command
CONE = "static.prop.constructioncone"


def spawned(bench: Bench, *commands: carla.command.SpawnActor) -> list[carla.Actor]:
    responses = bench.client.apply_batch_sync(list(commands), True)
    assert [response.error for response in responses] == [""] * len(commands)
    bench.tick()
    ids = [response.actor_id for response in responses]
    actors = list(bench.world.get_actors(ids))
    assert [actor.id for actor in actors] == ids
    return actors


def test_responses_come_in_the_order_of_the_commands(bench: Bench) -> None:
    place = bench.straight()
    cones = [
        command.SpawnActor(bench.blueprint(CONE, role_name=f"cone {k}"), bench.ahead(place, 2.0 * k)) for k in range(20)
    ]
    actors = spawned(bench, *cones)
    assert [actor.attributes["role_name"] for actor in actors] == [f"cone {k}" for k in range(20)]


def test_one_bad_command_does_not_stop_the_others(bench: Bench) -> None:
    place = bench.straight()
    blueprint = bench.blueprint(CAR)
    first, second, third, fourth = bench.client.apply_batch_sync(
        [
            command.SpawnActor(blueprint, place),
            command.SpawnActor(blueprint, place),
            command.DestroyActor(39_999),
            command.SpawnActor(blueprint, bench.ahead(place, 10.0)),
        ]
    )
    assert not first.has_error()
    assert not fourth.has_error()
    assert second.error == "Spawn failed because of collision at spawn position"
    assert third.error == "unable to destroy actor: not found"
    bench.tick()
    assert len(bench.world.get_actors().filter("vehicle.*")) == 2


def test_an_empty_batch_is_answered(bench: Bench) -> None:
    assert bench.client.apply_batch_sync([]) == []
    assert bench.client.apply_batch_sync([], False) == []


def test_a_response_carries_the_id_of_its_actor(bench: Bench) -> None:
    car = bench.car()
    [response] = bench.client.apply_batch_sync([command.ApplyVehicleControl(car, carla.VehicleControl())])
    assert response.actor_id == car.id


def test_a_batch_with_a_tick_makes_one_tick(bench: Bench) -> None:
    before = bench.tick()
    bench.client.apply_batch_sync([command.SpawnActor(bench.blueprint(CAR), bench.straight())], True)
    deadline = time.monotonic() + 5.0
    while bench.world.get_snapshot().frame < before + 1 and time.monotonic() < deadline:
        time.sleep(0.002)
    time.sleep(0.05)
    assert bench.world.get_snapshot().frame == before + 1
    assert bench.tick() == before + 2


def test_a_batch_without_a_tick_makes_none(bench: Bench) -> None:
    before = bench.tick()
    bench.client.apply_batch_sync([command.SpawnActor(bench.blueprint(CAR), bench.straight())], False)
    time.sleep(0.05)
    assert bench.world.get_snapshot().frame == before


def test_a_batch_that_is_not_waited_for_is_done_before_the_next_call(bench: Bench) -> None:
    car = bench.car()
    before = car.get_location()
    bench.client.apply_batch([command.ApplyTransform(car.id, bench.ahead(car.get_transform(), 15.0, up_m=0.1))])
    bench.tick()
    assert flat_distance(car.get_location(), before) > 14.0


def test_commands_after_a_spawn_act_on_the_new_actor(bench: Bench) -> None:
    """scenario_runner spawns with physics off at a place far below and puts lights on in one batch."""
    below = bench.ahead(bench.straight(), 0.0, up_m=-100.0)
    future = command.FutureActor
    spawn = (
        command.SpawnActor(bench.blueprint(CAR), bench.straight())
        .then(command.ApplyTransform(future, below))
        .then(command.SetSimulatePhysics(future, False))
        .then(command.SetVehicleLightState(future, carla.VehicleLightState.All))
    )
    [car] = spawned(bench, spawn)
    bench.seconds(2.0)
    assert car.get_location().distance(below.location) < 1e-3
    assert int(car.get_light_state()) & int(carla.VehicleLightState.LowBeam)


def test_props_are_given_physics_when_they_are_spawned(bench: Bench) -> None:
    place = bench.ahead(bench.straight(), 0.0, up_m=3.0)
    future = command.FutureActor
    [cone] = spawned(
        bench, command.SpawnActor(bench.blueprint(CONE), place).then(command.SetSimulatePhysics(future, True))
    )
    bench.seconds(3.0)
    ground = bench.map.get_waypoint(place.location).transform.location.z
    assert cone.get_location().z == pytest.approx(ground, abs=0.1)


def test_children_are_spawned_onto_actors_of_the_batch_before(bench: Bench) -> None:
    [walker] = spawned(bench, command.SpawnActor(bench.blueprint(WALKER), bench.sidewalk_place()))
    controller = bench.blueprint("controller.ai.walker")
    [child] = spawned(bench, command.SpawnActor(controller, carla.Transform(), walker))
    assert child.parent.id == walker.id


def test_every_command_on_a_vehicle_is_carried_out(bench: Bench) -> None:
    car = bench.car()
    number = car.id
    physics = car.get_physics_control()
    physics.mass = 2000.0
    commands = [
        command.ApplyVehicleControl(number, carla.VehicleControl(throttle=0.25, steer=0.125)),
        command.ApplyVehiclePhysicsControl(number, physics),
        command.ApplyTransform(number, bench.ahead(car.get_transform(), 5.0)),
        command.ApplyTargetVelocity(number, bench.straight().get_forward_vector() * 5.0),
        command.ApplyTargetAngularVelocity(number, carla.Vector3D(0.0, 0.0, 0.0)),
        command.ApplyImpulse(number, carla.Vector3D()),
        command.ApplyForce(number, carla.Vector3D()),
        command.ApplyAngularImpulse(number, carla.Vector3D()),
        command.ApplyTorque(number, carla.Vector3D()),
        command.SetSimulatePhysics(number, True),
        command.SetEnableGravity(number, True),
        command.SetVehicleLightState(number, carla.VehicleLightState.HighBeam),
    ]
    assert [response.error for response in bench.client.apply_batch_sync(commands)] == [""] * len(commands)
    bench.tick()
    assert car.get_control().throttle == pytest.approx(0.25)
    assert car.get_control().steer == pytest.approx(0.125)
    assert car.get_physics_control().mass == pytest.approx(2000.0)
    assert car.get_velocity().length() == pytest.approx(5.0, abs=0.5)
    assert car.get_light_state() == carla.VehicleLightState.HighBeam


def test_an_ackermann_command_is_carried_out(bench: Bench) -> None:
    car = bench.car()
    wanted = carla.VehicleAckermannControl(speed=5.0, acceleration=3.0)
    for _ in range(100):
        [response] = bench.client.apply_batch_sync([command.ApplyVehicleAckermannControl(car.id, wanted)])
        assert not response.has_error()
        bench.tick()
    assert car.get_velocity().length() == pytest.approx(5.0, abs=1.0)


def test_commands_on_a_walker_are_carried_out(bench: Bench) -> None:
    walker = bench.walker()
    there = bench.ahead(walker.get_transform(), 3.0)
    [response] = bench.client.apply_batch_sync([command.ApplyWalkerState(walker.id, there, 1.5)])
    assert not response.has_error()
    bench.tick()
    assert flat_distance(walker.get_location(), there.location) < 0.05
    assert walker.get_control().speed == pytest.approx(1.5)
    bench.tick()
    control = carla.WalkerControl(there.get_forward_vector(), 1.0)
    [response] = bench.client.apply_batch_sync([command.ApplyWalkerControl(walker.id, control)])
    assert not response.has_error()
    before = walker.get_location()
    bench.seconds(2.0)
    assert flat_distance(walker.get_location(), before) == pytest.approx(2.0, abs=0.15)


def test_a_command_of_the_wrong_kind_of_actor_is_an_error_of_its_own(bench: Bench) -> None:
    walker = bench.walker()
    [response] = bench.client.apply_batch_sync([command.ApplyVehicleControl(walker.id, carla.VehicleControl())])
    assert "is no vehicle" in response.error


def test_hundreds_of_actors_are_spawned_and_destroyed_in_one_batch(bench: Bench) -> None:
    """The leaderboard's parked cars come in such batches, and its clean-up destroys ids that may be dead already."""
    place = bench.straight()
    blueprint = bench.blueprint(CONE)
    spawns = [
        command.SpawnActor(blueprint, bench.ahead(place, 0.5 * (k % 40), up_m=5.0 + 1.0 * (k // 40)))
        for k in range(400)
    ]
    responses = bench.client.apply_batch_sync(spawns)
    assert not [response.error for response in responses if response.has_error()]
    ids = [response.actor_id for response in responses]
    results = bench.client.apply_batch_sync([command.DestroyActor(number) for number in ids + ids[:10]], True)
    assert [result.has_error() for result in results] == [False] * 400 + [True] * 10
