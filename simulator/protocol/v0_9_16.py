"""Client 0.9.16, all of it: how structs lie on the wire, the calls, the sensor types. Another version is another table.

Names and signatures were read from the wheel's own symbols (carla::client::detail::Client: 130 methods that call,
two of them sharing apply_batch and two get_gbuffer_token, so 128 names), and checked against bytes that it sent
(tests/simulator/recorded). A struct's fields are in the order of its NamedTuple; the table gives their types.
"""

from typing import Final

from simulator.protocol import commands as c
from simulator.protocol import structs as s
from simulator.protocol.calls import Call, Layout, ResultKind
from simulator.protocol.wire import (
    BIN,
    BOOL,
    F32,
    F64,
    I8,
    I32,
    STR,
    U8,
    U16,
    U32,
    U64,
    Int,
    List,
    Optional,
    Pair,
    Struct,
    Variant,
    WireType,
    Wrapped,
)

# --- Structs ----------------------------------------------------------------------------------------------------------

VECTOR2: Final = Struct(s.Vector2, (F32, F32))
VECTOR3: Final = Struct(s.Vector3, (F32, F32, F32))
ROTATION: Final = Struct(s.Rotation, (F32, F32, F32))
TRANSFORM: Final = Struct(s.Transform, (VECTOR3, ROTATION))
BOUNDING_BOX: Final = Struct(s.BoundingBox, (VECTOR3, VECTOR3, ROTATION, U32))
COLOR: Final = Struct(s.Color, (U8, U8, U8))
FLOAT_COLOR: Final = Struct(s.FloatColor, (F32, F32, F32, F32))

ATTRIBUTE_DEFINITION: Final = Struct(s.AttributeDefinition, (STR, U8, STR, List(STR), BOOL, BOOL))
ATTRIBUTE_VALUE: Final = Struct(s.AttributeValue, (STR, U8, STR))
ACTOR_DEFINITION: Final = Struct(s.ActorDefinition, (U32, STR, STR, List(ATTRIBUTE_DEFINITION)))
ACTOR_DESCRIPTION: Final = Struct(s.ActorDescription, (U32, STR, List(ATTRIBUTE_VALUE)))
ACTOR: Final = Struct(s.Actor, (U32, U32, ACTOR_DESCRIPTION, BOUNDING_BOX, BIN, BIN))

TOKEN: Final = Wrapped("Token", BIN)
EPISODE_INFO: Final = Struct(s.EpisodeInfo, (U64, TOKEN))
EPISODE_SETTINGS: Final = Struct(
    s.EpisodeSettings, (BOOL, BOOL, Optional(F64), BOOL, F64, I32, F32, BOOL, F32, F32, BOOL)
)
MAP_INFO: Final = Struct(s.MapInfo, (STR, List(TRANSFORM)))
WEATHER: Final = Struct(s.Weather, (F32,) * 14)
OPENDRIVE_PARAMS: Final = Struct(s.OpendriveParams, (F64, F64, F64, F64, BOOL, BOOL, BOOL))

VEHICLE_CONTROL: Final = Struct(s.VehicleControl, (F32, F32, F32, BOOL, BOOL, BOOL, I32))
ACKERMANN_CONTROL: Final = Struct(s.AckermannControl, (F32,) * 5)
ACKERMANN_SETTINGS: Final = Struct(s.AckermannSettings, (F32,) * 6)
WALKER_CONTROL: Final = Struct(s.WalkerControl, (VECTOR3, F32, BOOL))
GEAR: Final = Struct(s.Gear, (F32, F32, F32))
WHEEL: Final = Struct(s.Wheel, (*(F32,) * 9, VECTOR3))
VEHICLE_PHYSICS: Final = Struct(
    s.VehiclePhysics,
    (
        List(VECTOR2),
        *(F32,) * 5,
        BOOL,
        *(F32,) * 3,
        List(GEAR),
        F32,
        F32,
        VECTOR3,
        List(VECTOR2),
        List(WHEEL),
        BOOL,
    ),
)
VEHICLE_LIGHTS: Final = Wrapped("VehicleLightState", U32)
WHEEL_TELEMETRY: Final = Struct(s.WheelTelemetry, (F32,) * 11)
TELEMETRY: Final = Struct(s.Telemetry, (F32, F32, F32, F32, F32, I32, F32, List(WHEEL_TELEMETRY)))

LABELLED_POINT: Final = Struct(s.LabelledPoint, (VECTOR3, U8))
ENVIRONMENT_OBJECT: Final = Struct(s.EnvironmentObject, (TRANSFORM, BOUNDING_BOX, U64, STR, U8))
LIGHT_STATE: Final = Struct(s.LightState, (U32, VECTOR3, F32, U8, COLOR, BOOL))
BONE_IN: Final = Struct(s.BoneIn, (STR, TRANSFORM))
BONE_OUT: Final = Struct(s.BoneOut, (STR, TRANSFORM, TRANSFORM, TRANSFORM))
TEXTURE: Final = Struct(s.Texture, (U32, U32, List(Struct(s.TextureColor, (U8, U8, U8, U8)))))
FLOAT_TEXTURE: Final = Struct(s.FloatTexture, (U32, U32, List(FLOAT_COLOR)))

_LINE: Final = Struct(s.DebugLine, (VECTOR3, VECTOR3, F32))
_HUD_LINE: Final = Struct(s.HudLine, (VECTOR3, VECTOR3, F32))
DEBUG_PRIMITIVE: Final = Variant(
    "DebugPrimitive",
    (
        Struct(s.DebugPoint, (VECTOR3, F32)),
        _LINE,
        Struct(s.DebugArrow, (_LINE, F32)),
        Struct(s.DebugBox, (BOUNDING_BOX, ROTATION, F32)),
        Struct(s.DebugString, (VECTOR3, STR, BOOL)),
        Struct(s.HudPoint, (VECTOR3, F32)),
        _HUD_LINE,
        Struct(s.HudArrow, (_HUD_LINE, F32)),
        Struct(s.HudBox, (BOUNDING_BOX, ROTATION, F32)),
    ),
)
DEBUG_SHAPE: Final = Struct(s.DebugShape, (DEBUG_PRIMITIVE, COLOR, F32, BOOL))

# --- Commands ---------------------------------------------------------------------------------------------------------

# The client sends uninitialised memory here, so nothing is known about its range.
_GARBAGE: Final = Int("int", -(2**63), 2**64 - 1)
# SpawnActor holds commands, among them SpawnActor: the list is completed below.
_DO_AFTER: Final = List(BIN)

_COMMANDS: Final = (
    Struct(c.SpawnActor, (ACTOR_DESCRIPTION, TRANSFORM, Optional(U32), _GARBAGE, STR, _DO_AFTER)),
    Struct(c.DestroyActor, (U32,)),
    Struct(c.ApplyVehicleControl, (U32, VEHICLE_CONTROL)),
    Struct(c.ApplyAckermannControl, (U32, ACKERMANN_CONTROL)),
    Struct(c.ApplyWalkerControl, (U32, WALKER_CONTROL)),
    Struct(c.ApplyVehiclePhysics, (U32, VEHICLE_PHYSICS)),
    Struct(c.ApplyTransform, (U32, TRANSFORM)),
    Struct(c.ApplyWalkerState, (U32, TRANSFORM, F32)),
    Struct(c.ApplyTargetVelocity, (U32, VECTOR3)),
    Struct(c.ApplyTargetAngularVelocity, (U32, VECTOR3)),
    Struct(c.ApplyImpulse, (U32, VECTOR3)),
    Struct(c.ApplyForce, (U32, VECTOR3)),
    Struct(c.ApplyAngularImpulse, (U32, VECTOR3)),
    Struct(c.ApplyTorque, (U32, VECTOR3)),
    Struct(c.SetSimulatePhysics, (U32, BOOL)),
    Struct(c.SetEnableGravity, (U32, BOOL)),
    Struct(c.SetAutopilot, (U32, BOOL)),
    Struct(c.ShowDebugTelemetry, (U32, BOOL)),
    Struct(c.SetVehicleLightState, (U32, U32)),
    Struct(c.ApplyLocation, (U32, VECTOR3)),
    Struct(c.ConsoleCommand, (STR,)),
    Struct(c.SetTrafficLightState, (U32, U8)),
)
COMMAND: Final = Wrapped("Command", Variant("Command", _COMMANDS))
_DO_AFTER.complete(COMMAND)
# Response<u32>, built by rpc.command_success and rpc.command_failure.
COMMAND_RESPONSE: Final = WireType("CommandResponse", list, plain=True, trusted=True)

# --- Calls ------------------------------------------------------------------------------------------------------------


def _value(group: str, name: str, result: WireType, /, **arguments: WireType) -> Call:
    """A call that the client waits for, with a result."""
    return Call(name, arguments, True, ResultKind.VALUE, result, group)


def _void(group: str, name: str, /, **arguments: WireType) -> Call:
    """A call that the client waits for, without a result."""
    return Call(name, arguments, True, ResultKind.VOID, None, group)


def _send(group: str, name: str, /, **arguments: WireType) -> Call:
    """A call that the client does not wait for; it is answered all the same."""
    return Call(name, arguments, False, ResultKind.VOID, None, group)


_STRINGS: Final = List(STR)
_TRANSFORMS: Final = List(TRANSFORM)
_TM_ADDRESS: Final = Pair(STR, U16)

_CALLS: Final = (
    _value("server", "version", STR),
    _value("server", "get_available_maps", _STRINGS),
    _value("server", "get_required_files", _STRINGS, folder=STR),
    _value("server", "request_file", BIN, name=STR),
    _value("server", "tick_cue", U64),
    Call(
        "apply_batch",
        {"commands": List(COMMAND), "do_tick_cue": BOOL},
        True,  # apply_batch_sync; client.apply_batch sends the same call without waiting
        ResultKind.BARE,
        List(COMMAND_RESPONSE),
        "server",
    ),
    _send("server", "send", actor=U32, message=STR),
    # Episode
    _value("episode", "get_episode_info", EPISODE_INFO),
    _value("episode", "get_episode_settings", EPISODE_SETTINGS),
    _value("episode", "set_episode_settings", U64, settings=EPISODE_SETTINGS),
    _void("episode", "load_new_episode", map_name=STR, reset_settings=BOOL, layers=U16),
    _void("episode", "copy_opendrive_to_file", opendrive=STR, parameters=OPENDRIVE_PARAMS),
    _value("episode", "get_weather_parameters", WEATHER),
    _send("episode", "set_weather_parameters", weather=WEATHER),
    # Map
    _value("map", "get_map_info", MAP_INFO),
    _value("map", "get_map_data", STR),
    _value("map", "get_navigation_mesh", BIN),
    _void("map", "load_map_layer", layers=U16),
    _void("map", "unload_map_layer", layers=U16),
    _value("map", "get_all_level_BBs", List(BOUNDING_BOX), label=U8),
    _value("map", "get_environment_objects", List(ENVIRONMENT_OBJECT), label=U8),
    _send("map", "enable_environment_objects", ids=List(U64), enable=BOOL),
    _value("map", "get_names_of_all_objects", _STRINGS),
    _value("map", "project_point", Pair(BOOL, LABELLED_POINT), location=VECTOR3, direction=VECTOR3, distance=F32),
    _value("map", "cast_ray", List(LABELLED_POINT), start=VECTOR3, end=VECTOR3),
    _void("map", "apply_color_texture_to_objects", objects=_STRINGS, parameter=U8, texture=TEXTURE),
    _void("map", "apply_float_color_texture_to_objects", objects=_STRINGS, parameter=U8, texture=FLOAT_TEXTURE),
    _value("map", "query_lights_state", List(LIGHT_STATE), client=STR),
    _send("map", "update_lights_state", client=STR, lights=List(LIGHT_STATE), discard_client=BOOL),
    _send("map", "update_day_night_cycle", client=STR, active=BOOL),
    # Actors
    _value("actors", "get_actor_definitions", List(ACTOR_DEFINITION)),
    _value("actors", "get_spectator", ACTOR),
    _value("actors", "get_actors_by_id", List(ACTOR), ids=List(U32)),
    _value("actors", "spawn_actor", ACTOR, description=ACTOR_DESCRIPTION, transform=TRANSFORM),
    _value(
        "actors",
        "spawn_actor_with_parent",
        ACTOR,
        description=ACTOR_DESCRIPTION,
        transform=TRANSFORM,
        parent=U32,
        attachment_type=U8,
        socket=STR,
    ),
    _value("actors", "destroy_actor", BOOL, actor=U32),
    _send("actors", "set_actor_location", actor=U32, location=VECTOR3),
    _send("actors", "set_actor_transform", actor=U32, transform=TRANSFORM),
    _send("actors", "set_actor_target_velocity", actor=U32, velocity=VECTOR3),
    _send("actors", "set_actor_target_angular_velocity", actor=U32, angular_velocity=VECTOR3),
    _send("actors", "enable_actor_constant_velocity", actor=U32, velocity=VECTOR3),
    _send("actors", "disable_actor_constant_velocity", actor=U32),
    _send("actors", "add_actor_impulse", actor=U32, impulse=VECTOR3),
    _send("actors", "add_actor_impulse_at_location", actor=U32, impulse=VECTOR3, location=VECTOR3),
    _send("actors", "add_actor_force", actor=U32, force=VECTOR3),
    _send("actors", "add_actor_force_at_location", actor=U32, force=VECTOR3, location=VECTOR3),
    _send("actors", "add_actor_angular_impulse", actor=U32, impulse=VECTOR3),
    _send("actors", "add_actor_torque", actor=U32, torque=VECTOR3),
    _void("actors", "set_actor_simulate_physics", actor=U32, enabled=BOOL),
    _void("actors", "set_actor_collisions", actor=U32, enabled=BOOL),
    _send("actors", "set_actor_enable_gravity", actor=U32, enabled=BOOL),
    _send("actors", "set_actor_dead", actor=U32),
    _value("actors", "get_actor_bounding_box", BOUNDING_BOX, actor=U32),
    _value("actors", "get_actor_component_names", _STRINGS, actor=U32),
    _value("actors", "get_actor_component_world_transform", TRANSFORM, actor=U32, component=STR),
    _value("actors", "get_actor_component_relative_transform", TRANSFORM, actor=U32, component=STR),
    _value("actors", "get_actor_bone_names", _STRINGS, actor=U32),
    _value("actors", "get_actor_bone_world_transforms", _TRANSFORMS, actor=U32),
    _value("actors", "get_actor_bone_relative_transforms", _TRANSFORMS, actor=U32),
    _value("actors", "get_actor_socket_names", _STRINGS, actor=U32),
    _value("actors", "get_actor_socket_world_transforms", _TRANSFORMS, actor=U32),
    _value("actors", "get_actor_socket_relative_transforms", _TRANSFORMS, actor=U32),
    # Vehicles
    _send("vehicles", "apply_control_to_vehicle", actor=U32, control=VEHICLE_CONTROL),
    _send("vehicles", "apply_ackermann_control_to_vehicle", actor=U32, control=ACKERMANN_CONTROL),
    _value("vehicles", "get_ackermann_controller_settings", ACKERMANN_SETTINGS, actor=U32),
    _send("vehicles", "apply_ackermann_controller_settings", actor=U32, settings=ACKERMANN_SETTINGS),
    _value("vehicles", "get_physics_control", VEHICLE_PHYSICS, actor=U32),
    _send("vehicles", "apply_physics_control", actor=U32, physics=VEHICLE_PHYSICS),
    _value("vehicles", "get_vehicle_light_state", VEHICLE_LIGHTS, actor=U32),
    _send("vehicles", "set_vehicle_light_state", actor=U32, lights=VEHICLE_LIGHTS),
    _value("vehicles", "get_vehicle_light_states", List(Pair(U32, U32))),
    _send("vehicles", "open_vehicle_door", actor=U32, door=U8),
    _send("vehicles", "close_vehicle_door", actor=U32, door=U8),
    _send("vehicles", "set_wheel_steer_direction", actor=U32, wheel=U8, angle=F32),
    _value("vehicles", "get_wheel_steer_angle", F32, actor=U32, wheel=U8),
    _send("vehicles", "set_wheel_pitch_angle", actor=U32, wheel=U8, angle=F32),
    _value("vehicles", "get_wheel_pitch_angle", F32, actor=U32, wheel=U8),
    _value("vehicles", "get_vehicle_bone_world_transforms", _TRANSFORMS, actor=U32),
    _value("vehicles", "get_telemetry_data", TELEMETRY, actor=U32),
    _send("vehicles", "show_vehicle_debug_telemetry", actor=U32, enabled=BOOL),
    _send("vehicles", "enable_carsim", actor=U32, simfile=STR),
    _send("vehicles", "use_carsim_road", actor=U32, enabled=BOOL),
    _send(
        "vehicles",
        "enable_chrono_physics",
        actor=U32,
        max_substeps=U64,
        max_substep_delta_time=F32,
        vehicle_json=STR,
        powertrain_json=STR,
        tire_json=STR,
        base_path=STR,
    ),
    _send("vehicles", "restore_physx_physics", actor=U32),
    # Walkers
    _send("walkers", "apply_control_to_walker", actor=U32, control=WALKER_CONTROL),
    _value("walkers", "get_bones_transform", Wrapped("WalkerBones", List(BONE_OUT)), actor=U32),
    _send("walkers", "set_bones_transform", actor=U32, bones=Wrapped("WalkerBones", List(BONE_IN))),
    _send("walkers", "blend_pose", actor=U32, blend=F32),
    _send("walkers", "get_pose_from_animation", actor=U32),
    # Traffic lights
    _send("traffic lights", "set_traffic_light_state", actor=U32, state=U8),
    _send("traffic lights", "set_traffic_light_green_time", actor=U32, seconds=F32),
    _send("traffic lights", "set_traffic_light_yellow_time", actor=U32, seconds=F32),
    _send("traffic lights", "set_traffic_light_red_time", actor=U32, seconds=F32),
    _send("traffic lights", "freeze_traffic_light", actor=U32, freeze=BOOL),
    _send("traffic lights", "freeze_all_traffic_lights", freeze=BOOL),
    _send("traffic lights", "reset_traffic_light_group", actor=U32),
    _void("traffic lights", "reset_all_traffic_lights"),
    _value("traffic lights", "get_group_traffic_lights", List(U32), actor=U32),
    _value("traffic lights", "get_light_boxes", List(BOUNDING_BOX), actor=U32),
    # Traffic Manager
    _value("traffic manager", "is_traffic_manager_running", BOOL, port=U16),
    _value("traffic manager", "get_traffic_manager_running", _TM_ADDRESS, port=U16),
    _value("traffic manager", "add_traffic_manager_running", BOOL, address=_TM_ADDRESS),
    _send("traffic manager", "destroy_traffic_manager", port=U16),
    _send("traffic manager", "set_actor_autopilot", actor=U32, enabled=BOOL),
    # Sensors
    _value("sensors", "get_sensor_token", TOKEN, stream=U32),
    _send("sensors", "enable_sensor_for_ros", stream=U32),
    _send("sensors", "disable_sensor_for_ros", stream=U32),
    _value("sensors", "is_sensor_enabled_for_ros", BOOL, stream=U32),
    _void("sensors", "enable_gbuffers", actor=U32, enabled=BOOL),
    _value("sensors", "are_gbuffers_enabled", BOOL, actor=U32),
    _value("sensors", "get_gbuffer_token", BIN, actor=U32, gbuffer=U32),
    _void("sensors", "set_ignored_vehicles", actor=U32, ids=List(U32)),
    _value("sensors", "get_imui_gravity", F32),
    _send("sensors", "set_imui_gravity", gravity=F32),
    _send("sensors", "set_annotations_traverse_translucency", enabled=BOOL),
    # Debug drawing
    _send("debug", "draw_debug_shape", shape=DEBUG_SHAPE),
    _send("debug", "clear_debug_shape"),
    _send("debug", "clear_debug_string"),
    # Recorder
    _value("recorder", "start_recorder", STR, name=STR, additional_data=BOOL),
    _send("recorder", "stop_recorder"),
    _value("recorder", "show_recorder_file_info", STR, name=STR, show_all=BOOL),
    _value("recorder", "show_recorder_collisions", STR, name=STR, type1=I8, type2=I8),
    _value("recorder", "show_recorder_actors_blocked", STR, name=STR, min_time=F64, min_distance=F64),
    _value(
        "recorder",
        "replay_file",
        STR,
        name=STR,
        start=F64,
        duration=F64,
        follow_id=U32,
        replay_sensors=BOOL,
        offset=TRANSFORM,
    ),
    _send("recorder", "stop_replayer", keep_actors=BOOL),
    _send("recorder", "set_replayer_time_factor", factor=F64),
    _send("recorder", "set_replayer_ignore_hero", ignore=BOOL),
    _send("recorder", "set_replayer_ignore_spectator", ignore=BOOL),
)

# --- Sensors ----------------------------------------------------------------------------------------------------------

# The position in the wheel's sensor registry is the id in the stream's header.
SENSOR_TYPES: Final = {
    "sensor.other.collision": 0,
    "sensor.camera.depth": 1,
    "sensor.camera.normals": 2,
    "sensor.camera.dvs": 3,
    "sensor.other.gnss": 4,
    "sensor.other.imu": 5,
    "sensor.other.lane_invasion": 6,
    "sensor.other.obstacle": 7,
    "sensor.camera.optical_flow": 8,
    "sensor.other.radar": 9,
    "sensor.lidar.ray_cast_semantic": 10,
    "sensor.lidar.ray_cast": 11,
    "sensor.other.rss": 12,
    "sensor.camera.rgb": 13,
    "sensor.camera.semantic_segmentation": 14,
    "sensor.camera.instance_segmentation": 15,
    "sensor.camera.cosmos_visualization": 16,
    "sensor.other.v2x": 20,
    "sensor.other.v2x_custom": 21,
}

V0_9_16: Final = Layout("0.9.16", {call.name: call for call in _CALLS}, SENSOR_TYPES)
