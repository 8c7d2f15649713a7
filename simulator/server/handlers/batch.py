"""apply_batch: many commands in one call, each with a result of its own."""

from collections.abc import Callable, Coroutine
from math import radians
from typing import Any, Final

from simulator.protocol import commands
from simulator.protocol.rpc import command_failure, command_success
from simulator.server.convert import pose_of
from simulator.server.handlers import actors, lights, vehicles, walkers
from simulator.server.handlers.registry import (
    CallRefused,
    actor_or_refuse,
    call,
    vehicle_or_refuse,
    walker_or_refuse,
)
from simulator.server.server_types import Server, Session


@call("apply_batch")
def apply_batch(
    server: Server, session: Session, batch: list[Any], do_tick: bool
) -> list[list[Any]] | Coroutine[Any, Any, list[list[Any]]]:
    results = []
    for command in batch:
        try:
            results.append(command_success(_APPLY[type(command)](server, session, command)))
        except CallRefused as error:
            results.append(command_failure(str(error)))
    if do_tick:
        server.ticker.cue(session, steps_follow=False)
    if any(isinstance(command, commands.SpawnActor) for command in batch):
        return actors.once_ticked(server, results)
    return results


def _vehicle_control(server: Server, session: Session, command: commands.ApplyVehicleControl) -> int:
    vehicles.control(server, vehicle_or_refuse(server, session, command.actor), command.control)
    return command.actor


def _spawn(server: Server, session: Session, command: commands.SpawnActor) -> int:
    actor = actors.spawn(server, command.description, command.transform, command.parent or 0)
    for follower in command.do_after:
        # The client does not know the id yet and sends 0 in its place.
        if not isinstance(follower, commands.SpawnActor | commands.ConsoleCommand):
            follower = follower._replace(actor=actor.id)
        try:
            _APPLY[type(follower)](server, session, follower)
        except CallRefused:
            # As in CARLA the result is that of the spawn alone: scenario_runner orders autopilot and vehicle lights
            # for walkers and props too.
            kind = command.description.id.split(".")[0]
            server.say_once(f"{type(follower).__name__} ordered with the spawn of a {kind} was refused and passed over")
    return actor.id


def _destroy(server: Server, session: Session, command: commands.DestroyActor) -> int:
    actors.destroy_actor(server, session, command.actor)
    return command.actor


def _ackermann(server: Server, session: Session, command: commands.ApplyAckermannControl) -> int:
    vehicles.ackermann(server, vehicle_or_refuse(server, session, command.actor), command.control)
    return command.actor


def _walker_control(server: Server, session: Session, command: commands.ApplyWalkerControl) -> int:
    walkers.control(server, walker_or_refuse(server, session, command.actor), command.control)
    return command.actor


def _physics(server: Server, session: Session, command: commands.ApplyVehiclePhysics) -> int:
    vehicles.apply_physics(server, vehicle_or_refuse(server, session, command.actor), command.physics)
    return command.actor


def _transform(server: Server, session: Session, command: commands.ApplyTransform) -> int:
    server.world.teleport(actor_or_refuse(server, session, command.actor), pose_of(command.transform))
    return command.actor


def _walker_state(server: Server, session: Session, command: commands.ApplyWalkerState) -> int:
    server.world.place_walker(
        walker_or_refuse(server, session, command.actor), pose_of(command.transform), command.speed
    )
    return command.actor


def _velocity(server: Server, session: Session, command: commands.ApplyTargetVelocity) -> int:
    server.world.set_velocity(actor_or_refuse(server, session, command.actor), *command.velocity)
    return command.actor


def _angular_velocity(server: Server, session: Session, command: commands.ApplyTargetAngularVelocity) -> int:
    turn = (radians(value) for value in command.angular_velocity)
    server.world.set_angular_velocity(actor_or_refuse(server, session, command.actor), *turn)
    return command.actor


def _impulse(server: Server, session: Session, command: commands.ApplyImpulse) -> int:
    server.world.add_impulse(actor_or_refuse(server, session, command.actor), *command.impulse)
    return command.actor


def _force(server: Server, session: Session, command: commands.ApplyForce) -> int:
    server.world.add_force(actor_or_refuse(server, session, command.actor), *command.force)
    return command.actor


def _angular_impulse(server: Server, session: Session, command: commands.ApplyAngularImpulse) -> int:
    server.world.add_angular_impulse(actor_or_refuse(server, session, command.actor), *command.impulse)
    return command.actor


def _torque(server: Server, session: Session, command: commands.ApplyTorque) -> int:
    server.world.add_torque(actor_or_refuse(server, session, command.actor), *command.torque)
    return command.actor


def _simulate(server: Server, session: Session, command: commands.SetSimulatePhysics) -> int:
    server.world.set_simulate(actor_or_refuse(server, session, command.actor), command.enabled)
    return command.actor


def _gravity(server: Server, session: Session, command: commands.SetEnableGravity) -> int:
    server.world.row(actor_or_refuse(server, session, command.actor))["gravity"] = command.enabled
    return command.actor


def _autopilot(server: Server, session: Session, command: commands.SetAutopilot) -> int:
    vehicles.set_actor_autopilot(server, session, command.actor, command.enabled)
    return command.actor


def _telemetry(server: Server, session: Session, command: commands.ShowDebugTelemetry) -> int:
    vehicles.show_vehicle_debug_telemetry(server, session, command.actor, command.enabled)
    return command.actor


def _vehicle_lights(server: Server, session: Session, command: commands.SetVehicleLightState) -> int:
    vehicles.set_vehicle_light_state(server, session, command.actor, command.lights)
    return command.actor


def _location(server: Server, session: Session, command: commands.ApplyLocation) -> int:
    actors.set_actor_location(server, session, command.actor, command.location)
    return command.actor


def _traffic_light(server: Server, session: Session, command: commands.SetTrafficLightState) -> int:
    lights.set_state(server, lights.light_of(server, session, command.actor), command.state)
    return command.actor


def _console(server: Server, session: Session, command: commands.ConsoleCommand) -> int:
    raise CallRefused("console commands are Unreal's: there is no console here")


_APPLY: Final[dict[type, Callable[[Any, Any, Any], int]]] = {
    commands.ApplyVehicleControl: _vehicle_control,
    commands.SpawnActor: _spawn,
    commands.DestroyActor: _destroy,
    commands.ApplyAckermannControl: _ackermann,
    commands.ApplyWalkerControl: _walker_control,
    commands.ApplyVehiclePhysics: _physics,
    commands.ApplyTransform: _transform,
    commands.ApplyWalkerState: _walker_state,
    commands.ApplyTargetVelocity: _velocity,
    commands.ApplyTargetAngularVelocity: _angular_velocity,
    commands.ApplyImpulse: _impulse,
    commands.ApplyForce: _force,
    commands.ApplyAngularImpulse: _angular_impulse,
    commands.ApplyTorque: _torque,
    commands.SetSimulatePhysics: _simulate,
    commands.SetEnableGravity: _gravity,
    commands.SetAutopilot: _autopilot,
    commands.ShowDebugTelemetry: _telemetry,
    commands.SetVehicleLightState: _vehicle_lights,
    commands.ApplyLocation: _location,
    commands.SetTrafficLightState: _traffic_light,
    commands.ConsoleCommand: _console,
}
