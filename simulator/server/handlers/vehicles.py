"""Driving: controls, physics, lights and doors of vehicles."""

from math import degrees, hypot

from simulator.protocol import structs
from simulator.server.convert import physics_from_wire, physics_to_wire
from simulator.server.handlers.registry import CallRefused, call, refuse, vehicle_or_refuse
from simulator.server.server_types import Server, Session
from simulator.world.actors import Actor

ALL_DOORS = 6
DOORS = 0b111111


def control(server: Server, actor: Actor, wanted: structs.VehicleControl) -> None:
    throttle, steer, brake, hand_brake, reverse, manual_gear_shift, gear = wanted
    # NaN fails both comparisons of a clamp written this way and ends as the lower bound, never in the physics.
    throttle, steer, brake = _clamp(throttle, 0.0, 1.0), _clamp(steer, -1.0, 1.0, 0.0), _clamp(brake, 0.0, 1.0)
    server.world.set_control(actor, (throttle, steer, brake, hand_brake, reverse, manual_gear_shift, gear))


def _clamp(value: float, low: float, high: float, neutral: float | None = None) -> float:
    if value != value:
        return low if neutral is None else neutral
    return low if value < low else high if value > high else value


def ackermann(server: Server, actor: Actor, wanted: structs.AckermannControl) -> None:
    row = server.world.vehicle_row(actor)
    if any(value != value for value in wanted):
        raise CallRefused("an Ackermann control must not hold NaN")
    if not row["ackermann"]:
        row["ack_state"] = 0.0  # a controller that begins has no history
    row["ackermann"] = 1
    row["ack_steer"] = wanted.steer
    row["ack_steer_speed"] = wanted.steer_speed
    row["ack_speed"] = wanted.speed
    row["ack_acceleration"] = wanted.acceleration
    row["ack_jerk"] = wanted.jerk


def apply_physics(server: Server, actor: Actor, physics: structs.VehiclePhysics) -> None:
    try:
        server.world.apply_physics(actor, physics_from_wire(server.world, actor, physics))
    except ValueError as error:
        raise CallRefused(f"physics control refused: {error}") from None


@call("apply_control_to_vehicle")
def apply_control_to_vehicle(server: Server, session: Session, actor_id: int, wanted: structs.VehicleControl) -> None:
    control(server, vehicle_or_refuse(server, session, actor_id), wanted)


@call("apply_ackermann_control_to_vehicle")
def apply_ackermann_control(server: Server, session: Session, actor_id: int, wanted: structs.AckermannControl) -> None:
    ackermann(server, vehicle_or_refuse(server, session, actor_id), wanted)


@call("get_ackermann_controller_settings")
def get_ackermann_settings(server: Server, session: Session, actor_id: int) -> structs.AckermannSettings:
    row = server.world.vehicle_row(vehicle_or_refuse(server, session, actor_id))
    return structs.AckermannSettings(*(float(gain) for gain in row["ack_gains"]))


@call("apply_ackermann_controller_settings")
def apply_ackermann_settings(
    server: Server, session: Session, actor_id: int, settings: structs.AckermannSettings
) -> None:
    server.world.vehicle_row(vehicle_or_refuse(server, session, actor_id))["ack_gains"] = settings


@call("get_physics_control")
def get_physics_control(server: Server, session: Session, actor_id: int) -> structs.VehiclePhysics:
    return physics_to_wire(server.world, vehicle_or_refuse(server, session, actor_id))


@call("apply_physics_control")
def apply_physics_control(server: Server, session: Session, actor_id: int, physics: structs.VehiclePhysics) -> None:
    apply_physics(server, vehicle_or_refuse(server, session, actor_id), physics)


@call("get_vehicle_light_state")
def get_vehicle_light_state(server: Server, session: Session, actor_id: int) -> int:
    return int(server.world.vehicle_row(vehicle_or_refuse(server, session, actor_id))["light_state"])


@call("set_vehicle_light_state")
def set_vehicle_light_state(server: Server, session: Session, actor_id: int, lights: int) -> None:
    server.world.vehicle_row(vehicle_or_refuse(server, session, actor_id))["light_state"] = lights


@call("get_vehicle_light_states")
def get_vehicle_light_states(server: Server, session: Session) -> list[tuple[int, int]]:
    register = server.world.register
    vehicles = register.vehicles[: register.n_vehicles]
    ids = register.actors["id"][vehicles["actor"]]
    return list(zip(ids.tolist(), vehicles["light_state"].tolist(), strict=True))


@call("open_vehicle_door", but="an open door is in nobody's way")
def open_vehicle_door(server: Server, session: Session, actor_id: int, door: int) -> None:
    server.world.vehicle_row(vehicle_or_refuse(server, session, actor_id))["doors_open"] |= _door_bits(door)


@call("close_vehicle_door", but="an open door is in nobody's way")
def close_vehicle_door(server: Server, session: Session, actor_id: int, door: int) -> None:
    server.world.vehicle_row(vehicle_or_refuse(server, session, actor_id))["doors_open"] &= ~_door_bits(door) & 0xFF


def _door_bits(door: int) -> int:
    if not 0 <= door <= ALL_DOORS:
        raise CallRefused(f"there is no door {door}: doors are 0 to 5, 6 means all")
    return DOORS if door == ALL_DOORS else 1 << door


@call("get_wheel_steer_angle")
def get_wheel_steer_angle(server: Server, session: Session, actor_id: int, wheel: int) -> float:
    return degrees(float(_wheel(server, session, actor_id, wheel)["steer_rad"]))


@call("get_wheel_pitch_angle", but="it is always 0")
def get_wheel_pitch_angle(server: Server, session: Session, actor_id: int, wheel: int) -> float:
    """How far the wheel has rolled is known to the scene alone: it acts on nothing."""
    _wheel(server, session, actor_id, wheel)
    return 0.0


@call("set_wheel_steer_direction", "set_wheel_pitch_angle", but="drawn wheels follow the physics here")
def set_wheel_direction(server: Server, session: Session, actor_id: int, wheel: int, angle: float) -> None:
    """Cosmetic in CARLA too: it turns the drawn wheel, not the car."""
    _wheel(server, session, actor_id, wheel)


def _wheel(server: Server, session: Session, actor_id: int, wheel: int):  # type: ignore[no-untyped-def]
    row = server.world.vehicle_row(vehicle_or_refuse(server, session, actor_id))
    if not 0 <= wheel < int(row["n_wheels"]):
        raise CallRefused(f"actor {actor_id} has no wheel {wheel}")
    return row["wheels"][wheel]


@call("get_telemetry_data")
def get_telemetry_data(server: Server, session: Session, actor_id: int) -> structs.Telemetry:
    actor = vehicle_or_refuse(server, session, actor_id)
    body, row = server.world.row(actor), server.world.vehicle_row(actor)
    wheels = []
    count = int(row["n_wheels"])
    rest_load = max(float(body["mass"]) * 9.81 / count, 1.0)
    for wheel in row["wheels"][:count]:
        load = float(wheel["load_n"])
        wheels.append(
            structs.WheelTelemetry(
                float(wheel["tire_friction"]),
                float(wheel["lat_slip"]),
                float(wheel["long_slip"]),
                float(wheel["omega"]),
                load,
                load / rest_load,
                float(wheel["long_force_n"] * wheel["radius_m"]),
                float(wheel["long_force_n"]),
                float(wheel["lat_force_n"]),
                float(wheel["long_force_n"]) / rest_load,
                float(wheel["lat_force_n"]) / rest_load,
            )
        )
    return structs.Telemetry(
        hypot(float(body["vx"]), float(body["vy"])),
        float(row["steer"]),
        float(row["throttle"]),
        float(row["brake"]),
        float(row["engine_rpm"]),
        int(row["gear"]),
        float(row["drag_coefficient"]),
        wheels,
    )


@call("show_vehicle_debug_telemetry", but="it is shown nowhere; get_telemetry_data has the numbers")
def show_vehicle_debug_telemetry(server: Server, session: Session, actor_id: int, enabled: bool) -> None:
    vehicle_or_refuse(server, session, actor_id)


@call("set_actor_autopilot")
def set_actor_autopilot(server: Server, session: Session, actor_id: int, enabled: bool) -> None:
    """The client's Traffic Manager does the driving; this only tells that it will."""
    server.world.vehicle_row(vehicle_or_refuse(server, session, actor_id))["autopilot"] = enabled


@call("restore_physx_physics", but="there is one vehicle model, which is always on")
def restore_physx_physics(server: Server, session: Session, actor_id: int) -> None:
    vehicle_or_refuse(server, session, actor_id)


refuse("enable_carsim", "use_carsim_road", "enable_chrono_physics", because="it has one vehicle model of its own")

__all__ = ["ackermann", "apply_physics", "control"]
