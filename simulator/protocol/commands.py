"""The commands of apply_batch, one NamedTuple a kind; `Command` is any of them.

`actor` is 0 in the commands of SpawnActor.do_after: put the new actor's id in its place.
"""

from typing import NamedTuple

from simulator.protocol.structs import (
    AckermannControl,
    ActorDescription,
    Transform,
    Vector3,
    VehicleControl,
    VehiclePhysics,
    WalkerControl,
)


class SpawnActor(NamedTuple):
    description: ActorDescription
    transform: Transform
    parent: int | None
    attachment_type: int  # uninitialised memory of the client: ignore it
    socket: str
    do_after: list["Command"]


class DestroyActor(NamedTuple):
    actor: int


class ApplyVehicleControl(NamedTuple):
    actor: int
    control: VehicleControl


class ApplyAckermannControl(NamedTuple):
    actor: int
    control: AckermannControl


class ApplyWalkerControl(NamedTuple):
    actor: int
    control: WalkerControl


class ApplyVehiclePhysics(NamedTuple):
    actor: int
    physics: VehiclePhysics


class ApplyTransform(NamedTuple):
    actor: int
    transform: Transform


class ApplyWalkerState(NamedTuple):
    actor: int
    transform: Transform
    speed: float


class ApplyTargetVelocity(NamedTuple):
    actor: int
    velocity: Vector3


class ApplyTargetAngularVelocity(NamedTuple):
    actor: int
    angular_velocity: Vector3  # deg/s


class ApplyImpulse(NamedTuple):
    actor: int
    impulse: Vector3


class ApplyForce(NamedTuple):
    actor: int
    force: Vector3


class ApplyAngularImpulse(NamedTuple):
    actor: int
    impulse: Vector3


class ApplyTorque(NamedTuple):
    actor: int
    torque: Vector3


class SetSimulatePhysics(NamedTuple):
    actor: int
    enabled: bool


class SetEnableGravity(NamedTuple):
    actor: int
    enabled: bool


class SetAutopilot(NamedTuple):
    actor: int
    enabled: bool


class ShowDebugTelemetry(NamedTuple):
    actor: int
    enabled: bool


class SetVehicleLightState(NamedTuple):
    actor: int
    lights: int  # enums.VehicleLights


class ApplyLocation(NamedTuple):
    actor: int
    location: Vector3


class ConsoleCommand(NamedTuple):
    command: str


class SetTrafficLightState(NamedTuple):
    actor: int
    state: int  # enums.TrafficLightState


Command = (
    SpawnActor
    | DestroyActor
    | ApplyVehicleControl
    | ApplyAckermannControl
    | ApplyWalkerControl
    | ApplyVehiclePhysics
    | ApplyTransform
    | ApplyWalkerState
    | ApplyTargetVelocity
    | ApplyTargetAngularVelocity
    | ApplyImpulse
    | ApplyForce
    | ApplyAngularImpulse
    | ApplyTorque
    | SetSimulatePhysics
    | SetEnableGravity
    | SetAutopilot
    | ShowDebugTelemetry
    | SetVehicleLightState
    | ApplyLocation
    | ConsoleCommand
    | SetTrafficLightState
)
