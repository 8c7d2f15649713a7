"""The structs of the protocol as NamedTuples: what the server hands in and gets out.

Units are those of the wire: metres, seconds, degrees, m/s, deg/s, kg. How each lies on the wire is the
business of `layout`; the two are kept apart because a newer client changes the layout and seldom the
meaning.
"""

from typing import NamedTuple


class Vector2(NamedTuple):
    x: float
    y: float


class Vector3(NamedTuple):
    x: float
    y: float
    z: float


class Rotation(NamedTuple):
    """Degrees."""

    pitch: float
    yaw: float
    roll: float


class Transform(NamedTuple):
    location: Vector3
    rotation: Rotation


class BoundingBox(NamedTuple):
    location: Vector3
    extent: Vector3  # half sizes
    rotation: Rotation
    actor_id: int


class Color(NamedTuple):
    r: int
    g: int
    b: int


class FloatColor(NamedTuple):
    r: float
    g: float
    b: float
    a: float


class AttributeDefinition(NamedTuple):
    id: str
    type: int  # enums.AttributeType
    value: str
    recommended_values: list[str]
    is_modifiable: bool
    restrict_to_recommended: bool


class AttributeValue(NamedTuple):
    id: str
    type: int
    value: str


class ActorDefinition(NamedTuple):
    uid: int
    id: str
    tags: str  # comma separated
    attributes: list[AttributeDefinition]


class ActorDescription(NamedTuple):
    uid: int
    id: str
    attributes: list[AttributeValue]


class Actor(NamedTuple):
    id: int
    parent_id: int  # 0 for none
    description: ActorDescription
    bounding_box: BoundingBox  # of traffic lights and signs: the trigger volume
    semantic_tags: bytes
    stream_token: bytes  # 24 bytes for sensors that the server streams, else empty


class EpisodeInfo(NamedTuple):
    id: int
    token: bytes


class EpisodeSettings(NamedTuple):
    """The defaults are those of carla.WorldSettings."""

    synchronous_mode: bool = False
    no_rendering_mode: bool = False
    fixed_delta_seconds: float | None = None
    substepping: bool = True
    max_substep_delta_time: float = 0.01
    max_substeps: int = 10
    max_culling_distance: float = 0.0
    deterministic_ragdolls: bool = False
    tile_stream_distance: float = 3000.0
    actor_active_distance: float = 2000.0
    spectator_as_ego: bool = True


class MapInfo(NamedTuple):
    name: str
    spawn_points: list[Transform]


class Weather(NamedTuple):
    cloudiness: float
    precipitation: float
    precipitation_deposits: float
    wind_intensity: float
    sun_azimuth_angle: float
    sun_altitude_angle: float
    fog_density: float
    fog_distance: float
    fog_falloff: float
    wetness: float
    scattering_intensity: float
    mie_scattering_scale: float
    rayleigh_scattering_scale: float
    dust_storm: float


class VehicleControl(NamedTuple):
    throttle: float
    steer: float
    brake: float
    hand_brake: bool
    reverse: bool
    manual_gear_shift: bool
    gear: int


class AckermannControl(NamedTuple):
    steer: float
    steer_speed: float
    speed: float
    acceleration: float
    jerk: float


class AckermannSettings(NamedTuple):
    speed_kp: float
    speed_ki: float
    speed_kd: float
    accel_kp: float
    accel_ki: float
    accel_kd: float


class WalkerControl(NamedTuple):
    direction: Vector3
    speed: float
    jump: bool


class Gear(NamedTuple):
    ratio: float
    down_ratio: float
    up_ratio: float


class Wheel(NamedTuple):
    tire_friction: float
    damping_rate: float
    max_steer_angle: float
    radius: float  # centimetres
    max_brake_torque: float
    max_handbrake_torque: float
    lat_stiff_max_load: float
    lat_stiff_value: float
    long_stiff_value: float
    position: Vector3  # centimetres, world frame


class VehiclePhysics(NamedTuple):
    torque_curve: list[Vector2]
    max_rpm: float
    moi: float
    damping_rate_full_throttle: float
    damping_rate_zero_throttle_clutch_engaged: float
    damping_rate_zero_throttle_clutch_disengaged: float
    use_gear_autobox: bool
    gear_switch_time: float
    clutch_strength: float
    final_ratio: float
    forward_gears: list[Gear]
    mass: float
    drag_coefficient: float
    center_of_mass: Vector3
    steering_curve: list[Vector2]
    wheels: list[Wheel]
    use_sweep_wheel_collision: bool


class WheelTelemetry(NamedTuple):
    tire_friction: float
    lat_slip: float
    long_slip: float
    omega: float
    tire_load: float
    normalized_tire_load: float
    torque: float
    long_force: float
    lat_force: float
    normalized_long_force: float
    normalized_lat_force: float


class Telemetry(NamedTuple):
    speed: float
    steer: float
    throttle: float
    brake: float
    engine_rpm: float
    gear: int
    drag: float
    wheels: list[WheelTelemetry]


class LabelledPoint(NamedTuple):
    location: Vector3
    label: int


class EnvironmentObject(NamedTuple):
    transform: Transform
    bounding_box: BoundingBox
    id: int
    name: str
    label: int


class LightState(NamedTuple):
    """A street light; a vehicle's lights are a plain integer of enums.VehicleLights."""

    id: int
    location: Vector3
    intensity: float
    group: int  # enums.LightGroup
    color: Color
    active: bool


class OpendriveParams(NamedTuple):
    vertex_distance: float
    max_road_length: float
    wall_height: float
    additional_width: float
    smooth_junctions: bool
    enable_mesh_visibility: bool
    enable_pedestrian_navigation: bool


class BoneIn(NamedTuple):
    name: str
    transform: Transform  # relative to the parent bone


class BoneOut(NamedTuple):
    name: str
    world: Transform
    component: Transform
    relative: Transform


class TextureColor(NamedTuple):
    r: int
    g: int
    b: int
    a: int


class Texture(NamedTuple):
    width: int
    height: int
    pixels: list[TextureColor]


class FloatTexture(NamedTuple):
    width: int
    height: int
    pixels: list[FloatColor]


class DebugPoint(NamedTuple):
    location: Vector3
    size: float


class DebugLine(NamedTuple):
    begin: Vector3
    end: Vector3
    thickness: float


class DebugArrow(NamedTuple):
    line: DebugLine
    arrow_size: float


class DebugBox(NamedTuple):
    box: BoundingBox
    rotation: Rotation
    thickness: float


class DebugString(NamedTuple):
    location: Vector3
    text: str
    draw_shadow: bool


class HudPoint(NamedTuple):
    location: Vector3
    size: float


class HudLine(NamedTuple):
    begin: Vector3
    end: Vector3
    thickness: float


class HudArrow(NamedTuple):
    line: HudLine
    arrow_size: float


class HudBox(NamedTuple):
    box: BoundingBox
    rotation: Rotation
    thickness: float


DebugPrimitive = DebugPoint | DebugLine | DebugArrow | DebugBox | DebugString | HudPoint | HudLine | HudArrow | HudBox


class DebugShape(NamedTuple):
    primitive: DebugPrimitive
    color: Color
    life_time: float
    persistent_lines: bool
