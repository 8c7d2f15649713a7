"""Calls as much of the official client as needs no world, against the address given. Run by record.py."""

import sys
from collections.abc import Callable, Iterator

import carla


def spawn(world: carla.World) -> dict[str, carla.Actor]:
    library = world.get_blueprint_library()
    at = carla.Transform(carla.Location(1.5, -2.25, 0.5), carla.Rotation(10.0, -90.0, 5.0))
    vehicle = world.spawn_actor(library.find("vehicle.lincoln.mkz_2020"), at)
    walker = world.spawn_actor(library.find("walker.pedestrian.0001"), at)
    gnss = world.spawn_actor(
        library.find("sensor.other.gnss"), at, attach_to=vehicle, attachment_type=carla.AttachmentType.SpringArm
    )
    light = world.spawn_actor(library.find("traffic.traffic_light"), at)
    camera = world.spawn_actor(library.find("sensor.camera.rgb"), at)
    v2x = world.spawn_actor(library.find("sensor.other.v2x_custom"), at)
    return {"vehicle": vehicle, "walker": walker, "gnss": gnss, "light": light, "camera": camera, "v2x": v2x}


def commands(vehicle: carla.Actor, walker: carla.Actor, world: carla.World) -> list[object]:
    c = carla.command
    vector = carla.Vector3D(1.0, -2.0, 3.5)
    at = carla.Transform(carla.Location(7.0, 8.0, 9.0), carla.Rotation(1.0, 2.0, 3.0))
    blueprint = world.get_blueprint_library().find("vehicle.lincoln.mkz_2020")
    spawn_then = (
        c.SpawnActor(blueprint, at, vehicle)
        .then(c.SetAutopilot(c.FutureActor, True))
        .then(c.ApplyTransform(c.FutureActor, at))
        .then(c.SetVehicleLightState(c.FutureActor, carla.VehicleLightState.Position))
    )
    physics = vehicle.get_physics_control()
    return [
        c.SpawnActor(blueprint, at),
        spawn_then,
        c.DestroyActor(walker),
        c.ApplyVehicleControl(vehicle, carla.VehicleControl(0.5, -0.25, 0.0, False, True, True, -1)),
        c.ApplyVehicleAckermannControl(vehicle, carla.VehicleAckermannControl(0.1, 0.2, 5.0, 1.0, 0.5)),
        c.ApplyWalkerControl(walker, carla.WalkerControl(vector, 1.5, True)),
        c.ApplyVehiclePhysicsControl(vehicle, physics),
        c.ApplyTransform(vehicle, at),
        c.ApplyWalkerState(walker, at, 1.25),
        c.ApplyTargetVelocity(vehicle, vector),
        c.ApplyTargetAngularVelocity(vehicle, vector),
        c.ApplyImpulse(vehicle, vector),
        c.ApplyForce(vehicle, vector),
        c.ApplyAngularImpulse(vehicle, vector),
        c.ApplyTorque(vehicle, vector),
        c.SetSimulatePhysics(vehicle, False),
        c.SetEnableGravity(vehicle.id, False),
        c.SetAutopilot(vehicle, False),
        c.SetVehicleLightState(vehicle.id, carla.VehicleLightState(carla.VehicleLightState.Brake)),
    ]


def draw(world: carla.World) -> None:
    debug = world.debug
    a, b = carla.Location(1.0, 2.0, 3.0), carla.Location(4.0, 5.0, 6.0)
    debug.draw_point(a, 0.25, carla.Color(1, 2, 3), 0.5, False)
    debug.draw_line(a, b, 0.25)
    debug.draw_arrow(a, b, 0.25, 0.5)
    debug.draw_box(carla.BoundingBox(a, carla.Vector3D(1.0, 2.0, 3.0)), carla.Rotation(1.0, 2.0, 3.0))
    debug.draw_string(a, "Grüße", True)
    debug.draw_hud_point(a)
    debug.draw_hud_line(a, b)
    debug.draw_hud_arrow(a, b)
    debug.draw_hud_box(carla.BoundingBox(a, carla.Vector3D(1.0, 2.0, 3.0)), carla.Rotation(1.0, 2.0, 3.0))


def calls(client: carla.Client) -> Iterator[Callable[[], object]]:
    world = client.get_world()
    actors = spawn(world)
    v, w, g, t = actors["vehicle"], actors["walker"], actors["gnss"], actors["light"]
    vector, location = carla.Vector3D(1.0, 2.5, -3.0), carla.Location(4.0, 5.5, -6.0)
    at = carla.Transform(location, carla.Rotation(1.0, 2.0, 3.0))

    yield client.get_server_version
    yield client.get_available_maps
    yield lambda: client.get_required_files("", False)
    yield lambda: client.request_file("map/file.bin")
    yield world.get_settings
    yield lambda: world.apply_settings(carla.WorldSettings(synchronous_mode=True))
    yield lambda: world.apply_settings(
        carla.WorldSettings(True, True, 0.05, True, 0.02, 7, 2.5, True, 650.0, 650.0, False)
    )
    yield lambda: world.set_weather(carla.WeatherParameters.HardRainSunset)
    yield lambda: world.set_weather(carla.WeatherParameters.Default)
    yield world.get_weather
    yield world.get_spectator
    yield lambda: world.get_actors([v.id, w.id, 4000000000])
    yield lambda: world.load_map_layer(carla.MapLayer.Buildings)
    yield lambda: world.unload_map_layer(carla.MapLayer.All)
    yield lambda: world.get_level_bbs(carla.CityObjectLabel.Car)
    yield lambda: world.get_environment_objects(carla.CityObjectLabel.Any)
    yield lambda: world.enable_environment_objects({2**63 + 1, 5}, True)
    yield world.get_names_of_all_objects
    yield lambda: world.project_point(location, vector, 12.5)
    yield lambda: world.cast_ray(location, carla.Location(0.0, 0.0, 0.0))
    yield lambda: world.apply_color_texture_to_object("wall", carla.MaterialParameter.Diffuse, texture())
    yield lambda: world.apply_float_color_texture_to_object("wall", carla.MaterialParameter.Normal, float_texture())
    yield lambda: world.get_lightmanager().set_day_night_cycle(True)
    yield lambda: switch_lights(world)
    yield world.get_imui_sensor_gravity
    yield lambda: world.set_imui_sensor_gravity(9.5)
    yield lambda: world.set_annotations_traverse_translucency(True)
    yield lambda: draw(world)
    yield world.debug.clear_debug_shape
    yield world.debug.clear_debug_string
    yield lambda: world.freeze_all_traffic_lights(True)
    yield world.reset_all_traffic_lights
    yield world.get_vehicles_light_states
    # Actors
    yield lambda: v.set_location(location)
    yield lambda: v.set_transform(at)
    yield lambda: v.set_target_velocity(vector)
    yield lambda: v.set_target_angular_velocity(vector)
    yield lambda: v.enable_constant_velocity(vector)
    yield v.disable_constant_velocity
    yield lambda: v.add_impulse(vector)
    yield lambda: v.add_force(vector)
    yield lambda: v.add_angular_impulse(vector)
    yield lambda: v.add_torque(carla.Vector3D(9.0, 8.0, 7.0))
    yield lambda: v.set_simulate_physics(False)
    yield lambda: v.set_collisions(True)
    yield lambda: v.set_enable_gravity(False)
    yield lambda: v.bounding_box
    yield v.get_component_names
    yield lambda: v.get_component_world_transform("front-blinker-r-1")
    yield lambda: v.get_component_relative_transform("front-blinker-r-1")
    yield v.get_bone_names
    yield v.get_bone_world_transforms
    yield v.get_bone_relative_transforms
    yield v.get_socket_names
    yield v.get_socket_world_transforms
    yield v.get_socket_relative_transforms
    # Vehicles
    yield lambda: v.apply_control(carla.VehicleControl(0.5, -0.25, 1.0, True, False, True, 3))
    yield lambda: v.apply_ackermann_control(carla.VehicleAckermannControl(0.1, 0.2, 5.0, 1.0, 0.5))
    yield v.get_ackermann_controller_settings
    yield lambda: v.apply_ackermann_controller_settings(carla.AckermannControllerSettings(0.1, 0.2, 0.3, 0.4, 0.5, 0.6))
    yield v.get_physics_control
    yield lambda: v.apply_physics_control(v.get_physics_control())
    yield v.get_light_state
    yield lambda: v.set_light_state(carla.VehicleLightState.All)
    yield lambda: v.open_door(carla.VehicleDoor.FR)
    yield lambda: v.close_door(carla.VehicleDoor.All)
    yield lambda: v.set_wheel_steer_direction(carla.VehicleWheelLocation.FR_Wheel, 12.5)
    yield lambda: v.get_wheel_steer_angle(carla.VehicleWheelLocation.FL_Wheel)
    yield lambda: v.set_wheel_pitch_angle(carla.VehicleWheelLocation.BL_Wheel, 12.5)
    yield lambda: v.get_wheel_pitch_angle(carla.VehicleWheelLocation.BR_Wheel)
    yield v.get_vehicle_bone_world_transforms
    yield v.get_telemetry_data
    yield lambda: v.show_debug_telemetry(True)
    yield lambda: v.enable_carsim("sim.file")
    yield lambda: v.use_carsim_road(True)
    yield lambda: v.enable_chrono_physics(10, 0.002, "vehicle", "powertrain", "tire", "base")
    yield v.restore_physx_physics
    # Walkers
    yield lambda: w.apply_control(carla.WalkerControl(vector, 1.5, True))
    yield w.get_bones
    yield lambda: w.set_bones(bones(at))
    yield lambda: w.blend_pose(0.25)
    yield w.show_pose
    yield w.get_pose_from_animation
    # Traffic lights
    yield lambda: t.set_state(carla.TrafficLightState.Green)
    yield lambda: t.set_green_time(12.5)
    yield lambda: t.set_yellow_time(2.5)
    yield lambda: t.set_red_time(3.5)
    yield lambda: t.freeze(True)
    yield t.reset_group
    yield t.get_group_traffic_lights
    yield t.get_light_boxes
    # Sensors
    yield lambda: g.listen(lambda data: None)
    yield g.enable_for_ros
    yield g.disable_for_ros
    yield g.is_enabled_for_ros
    yield lambda: actors["v2x"].send("hello")
    yield lambda: g.set_ignored_vehicles([v.id])
    yield lambda: actors["camera"].enable_gbuffers(True)
    yield lambda: actors["camera"].is_listening_gbuffer(carla.GBufferTextureID.SceneColor)
    yield lambda: actors["camera"].listen_to_gbuffer(carla.GBufferTextureID.SceneColor, lambda data: None)
    yield g.stop
    # Recorder
    yield lambda: client.start_recorder("a.log", True)
    yield client.stop_recorder
    yield lambda: client.show_recorder_file_info("a.log", True)
    yield lambda: client.show_recorder_collisions("a.log", "v", "a")
    yield lambda: client.show_recorder_actors_blocked("a.log", 30.0, 10.5)
    yield lambda: client.replay_file("a.log", 1.5, 2.5, 7, True, at)
    yield lambda: client.stop_replayer(True)
    yield lambda: client.set_replayer_time_factor(2.5)
    yield lambda: client.set_replayer_ignore_hero(True)
    yield lambda: client.set_replayer_ignore_spectator(False)
    # Batches
    yield lambda: client.apply_batch(commands(v, w, world))
    yield lambda: client.apply_batch_sync(commands(v, w, world)[3:9], True)
    yield lambda: client.apply_batch_sync([])
    yield world.tick
    yield lambda: client.generate_opendrive_world("<OpenDRIVE/>", carla.OpendriveGenerationParameters(1.5))
    yield lambda: client.load_world("Town01", False, carla.MapLayer.Ground)
    yield client.reload_world
    yield lambda: v.set_autopilot(True, 8123)
    yield lambda: client.get_trafficmanager(8123).shut_down()
    yield g.destroy
    yield v.destroy


def texture() -> carla.TextureColor:
    image = carla.TextureColor(2, 1)
    image.set(0, 0, carla.Color(1, 2, 3, 4))
    return image


def float_texture() -> carla.TextureFloatColor:
    image = carla.TextureFloatColor(2, 1)
    image.set(0, 0, carla.FloatColor(0.25, 0.5, 0.75, 1.0))
    return image


def bones(at: carla.Transform) -> carla.WalkerBoneControlIn:
    control = carla.WalkerBoneControlIn()
    control.bone_transforms = [("crl_hips__C", at), ("crl_spine__C", at)]
    return control


def switch_lights(world: carla.World) -> None:
    manager = world.get_lightmanager()
    lights = manager.get_all_lights()
    manager.turn_off(lights)
    manager.set_color(lights, carla.Color(10, 20, 30))
    world.tick()  # changes are sent with the next tick


def main() -> None:
    client = carla.Client(sys.argv[1], int(sys.argv[2]))
    client.set_timeout(2.0)
    for index, call in enumerate(calls(client)):
        try:
            call()
        except Exception as error:
            print(index, type(error).__name__, error, flush=True)


if __name__ == "__main__":
    main()
