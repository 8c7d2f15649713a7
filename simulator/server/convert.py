"""Between the structs of the wire (degrees, centimetres, lists) and the world's values (radians, metres)."""

from math import degrees, isfinite, radians, remainder

from simulator.blueprints import physics as blueprint_physics
from simulator.protocol import structs
from simulator.world.actors import Actor
from simulator.world.pose import Pose, to_world
from simulator.world.world import World

ZERO = structs.Vector3(0.0, 0.0, 0.0)
NO_ROTATION = structs.Rotation(0.0, 0.0, 0.0)


def pose_of(transform: structs.Transform) -> Pose:
    (x, y, z), (pitch, yaw, roll) = transform
    return Pose(x, y, z, _angle(roll), _angle(pitch), _angle(yaw))


def _angle(value_deg: float) -> float:
    """From -180 to 180 degrees, as Unreal keeps rotations: the client's waypoints often have a pitch of 360."""
    return radians(remainder(value_deg, 360.0) if isfinite(value_deg) else value_deg)


def transform_of(pose: Pose) -> structs.Transform:
    return structs.Transform(
        structs.Vector3(pose.x, pose.y, pose.z),
        structs.Rotation(degrees(pose.pitch), degrees(pose.yaw), degrees(pose.roll)),
    )


def description_of(actor: Actor) -> structs.ActorDescription:
    """Type and attributes of a living actor, in the order of its blueprint."""
    if actor.blueprint is None:
        return structs.ActorDescription(0, actor.type_id, [])
    types = {definition.id: definition.type for definition in actor.blueprint.attributes}
    return structs.ActorDescription(
        actor.blueprint.uid,
        actor.type_id,
        [structs.AttributeValue(name, int(types[name]), value) for name, value in actor.attributes.items()],
    )


def box_of(world: World, actor: Actor) -> structs.BoundingBox:
    """The actor's own box; of lights and signs the trigger volume, as CARLA answers."""
    center, half = actor.trigger or world.box(actor)
    return structs.BoundingBox(structs.Vector3(*center), structs.Vector3(*half), NO_ROTATION, actor.id)


def actor_of(world: World, actor: Actor, token: bytes) -> structs.Actor:
    return structs.Actor(
        actor.id, actor.parent_id, description_of(actor), box_of(world, actor), actor.semantic_tags, token
    )


def physics_from_wire(world: World, actor: Actor, physics: structs.VehiclePhysics) -> blueprint_physics.VehiclePhysics:
    """Wheels come in world coordinates, as get_physics_control gave them; the world keeps them in the vehicle's frame.

    A client changes friction or steering and sends the positions back, maybe long after it asked for them, when
    the car is elsewhere. So positions are taken from the vehicle's own physics and those of the wire are ignored,
    as the real server does. The friction of a trigger (see `physics_to_wire`), sent back, stays the trigger's.
    """
    known = world.physics[actor.id].wheels
    told = _friction_now(world, actor)
    wheels = tuple(
        blueprint_physics.Wheel(
            own.tire_friction if wheel.tire_friction == now else wheel.tire_friction,
            *wheel[1:9],
            position=own.position,
        )
        for wheel, own, now in zip(physics.wheels, known, told, strict=False)
    )
    return blueprint_physics.VehiclePhysics(
        torque_curve=tuple((point.x, point.y) for point in physics.torque_curve),
        max_rpm=physics.max_rpm,
        moi=physics.moi,
        damping_rate_full_throttle=physics.damping_rate_full_throttle,
        damping_rate_zero_throttle_clutch_engaged=physics.damping_rate_zero_throttle_clutch_engaged,
        damping_rate_zero_throttle_clutch_disengaged=physics.damping_rate_zero_throttle_clutch_disengaged,
        use_gear_autobox=physics.use_gear_autobox,
        gear_switch_time=physics.gear_switch_time,
        clutch_strength=physics.clutch_strength,
        final_ratio=physics.final_ratio,
        forward_gears=tuple(blueprint_physics.Gear(*gear) for gear in physics.forward_gears),
        mass=physics.mass,
        drag_coefficient=physics.drag_coefficient,
        center_of_mass=(physics.center_of_mass.x, physics.center_of_mass.y, physics.center_of_mass.z),
        steering_curve=tuple((point.x, point.y) for point in physics.steering_curve),
        wheels=wheels + known[len(wheels) :],
        use_sweep_wheel_collision=physics.use_sweep_wheel_collision,
    )


def _friction_now(world: World, actor: Actor) -> list[float]:
    """Of each wheel: that of the friction trigger which it is in, or its own."""
    wheels = world.vehicle_row(actor)["wheels"]
    return [
        float(row["friction_scale"]) if row["friction_scale"] >= 0.0 else own.tire_friction
        for row, own in zip(wheels, world.physics[actor.id].wheels, strict=False)
    ]


def physics_to_wire(world: World, actor: Actor) -> structs.VehiclePhysics:
    """With the friction that the wheels have now: CARLA's triggers set it on the wheels, where scripts look for it."""
    physics = world.physics[actor.id]
    frame = world.pose(actor)
    wheels = []
    for wheel, friction in zip(physics.wheels, _friction_now(world, actor), strict=True):
        place = to_world(frame, *(0.01 * value for value in wheel.position))
        wheels.append(
            structs.Wheel(
                friction,
                wheel.damping_rate,
                wheel.max_steer_angle,
                wheel.radius,
                wheel.max_brake_torque,
                wheel.max_handbrake_torque,
                wheel.lat_stiff_max_load,
                wheel.lat_stiff_value,
                wheel.long_stiff_value,
                structs.Vector3(*(100.0 * value for value in place)),
            )
        )
    return structs.VehiclePhysics(
        [structs.Vector2(*point) for point in physics.torque_curve],
        physics.max_rpm,
        physics.moi,
        physics.damping_rate_full_throttle,
        physics.damping_rate_zero_throttle_clutch_engaged,
        physics.damping_rate_zero_throttle_clutch_disengaged,
        physics.use_gear_autobox,
        physics.gear_switch_time,
        physics.clutch_strength,
        physics.final_ratio,
        [structs.Gear(gear.ratio, gear.down_ratio, gear.up_ratio) for gear in physics.forward_gears],
        physics.mass,
        physics.drag_coefficient,
        structs.Vector3(*physics.center_of_mass),
        [structs.Vector2(*point) for point in physics.steering_curve],
        wheels,
        physics.use_sweep_wheel_collision,
    )
