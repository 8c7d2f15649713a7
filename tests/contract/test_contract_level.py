"""Weather, boxes and objects of the level, rays, lamps, layers, drawing (sections 6a, 6b, needs B2, B6, C19, C20)."""

import time
from itertools import combinations

import carla
import pytest

from tests.contract.support import CAR, WALKER, Address, Bench, another_client, flat_distance

pytestmark = pytest.mark.loads_maps

Label = carla.CityObjectLabel

WEATHER_FIELDS = (
    "cloudiness",
    "precipitation",
    "precipitation_deposits",
    "wind_intensity",
    "sun_azimuth_angle",
    "sun_altitude_angle",
    "fog_density",
    "fog_distance",
    "fog_falloff",
    "wetness",
    "scattering_intensity",
    "mie_scattering_scale",
    "rayleigh_scattering_scale",
    "dust_storm",
)


# -- weather -----------------------------------------------------------------------------------------------------


def test_all_weather_numbers_come_back_as_set(bench: Bench) -> None:
    wanted = carla.WeatherParameters(**{name: 1.5 + 2.0 * k for k, name in enumerate(WEATHER_FIELDS)})
    bench.world.set_weather(wanted)
    assert bench.world.get_weather() == wanted
    assert str(bench.world.get_weather()) == str(wanted)


@pytest.mark.parametrize("name", ["Default", "ClearNoon", "HardRainSunset", "DustStorm", "SoftRainNight"])
def test_presets_come_back_number_by_number(bench: Bench, name: str) -> None:
    """Bench2Drive compares them as text; Default is made of -1."""
    preset = getattr(carla.WeatherParameters, name)
    bench.world.set_weather(preset)
    bench.tick()
    assert str(bench.world.get_weather()) == str(preset)


# -- boxes and objects -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("label", [Label.Buildings, Label.Poles, Label.TrafficLight, Label.TrafficSigns])
def test_the_level_has_boxes_of_a_label(bench: Bench, label: carla.CityObjectLabel) -> None:
    boxes = bench.world.get_level_bbs(label)
    assert boxes
    assert all(min(box.extent.x, box.extent.y, box.extent.z) > 0.0 for box in boxes)


def test_all_boxes_are_those_of_the_labels_together(bench: Bench) -> None:
    everything = len(bench.world.get_level_bbs(Label.Any))
    assert everything == sum(
        len(bench.world.get_level_bbs(label)) for label in Label.values.values() if label != Label.Any
    )


def test_every_light_and_sign_has_a_box_of_its_own(bench: Bench) -> None:
    """Bench2Drive pairs each with the nearest box and takes that away; too few boxes end its run."""
    for label, pattern in ((Label.TrafficLight, "traffic.traffic_light"), (Label.TrafficSigns, "traffic.*")):
        actors = [
            actor
            for actor in bench.world.get_actors().filter(pattern)
            if label == Label.TrafficLight or actor.type_id != "traffic.traffic_light"
        ]
        boxes = list(bench.world.get_level_bbs(label))
        assert len(boxes) >= len(actors)
        for actor in actors:
            nearest = min(boxes, key=lambda box: flat_distance(box.location, actor.get_location()))
            assert flat_distance(nearest.location, actor.get_location()) < 20.0, actor.type_id


def test_actors_are_among_the_boxes_of_their_label(bench: Bench) -> None:
    car = bench.car()
    walker = bench.walker()
    cars = bench.world.get_level_bbs(Label.Car)
    nearest = min(cars, key=lambda box: flat_distance(box.location, car.get_location()))
    assert flat_distance(nearest.location, car.get_location()) < 0.1
    assert nearest.extent.x == pytest.approx(2.446, abs=1e-3)
    walkers = bench.world.get_level_bbs(Label.Pedestrians)
    assert min(flat_distance(box.location, walker.get_location()) for box in walkers) < 0.1


def test_parked_cars_made_of_meshes_are_among_the_cars(bench: Bench) -> None:
    before = len(bench.world.get_level_bbs(Label.Car))
    path = "/Game/Carla/Static/Car/4Wheeled/ParkedVehicles/TeslaM3/SM_TeslaM3_parked.SM_TeslaM3_parked"
    bench.spawn("static.prop.mesh", bench.straight(), mesh_path=path, scale="0.9")
    bench.tick()
    assert len(bench.world.get_level_bbs(Label.Car)) == before + 1


def test_environment_objects_have_ids_and_names_of_their_own(bench: Bench) -> None:
    objects = bench.world.get_environment_objects(Label.Any)
    assert len({thing.id for thing in objects}) == len(objects) > 50
    assert len({thing.name for thing in objects}) == len(objects)
    assert {thing.type for thing in objects} >= {Label.Buildings, Label.Poles, Label.Vegetation}


def test_environment_objects_are_the_same_after_a_reload(client: carla.Client, bench: Bench) -> None:
    before = {thing.id: thing.name for thing in bench.world.get_environment_objects(Label.Any)}
    world = client.reload_world(False)
    assert {thing.id: thing.name for thing in world.get_environment_objects(Label.Any)} == before


def test_names_of_all_objects_are_listed(bench: Bench) -> None:
    names = set(bench.world.get_names_of_all_objects())
    assert {thing.name for thing in bench.world.get_environment_objects(Label.Buildings)} <= names


def test_a_disabled_building_lets_rays_and_cars_through(bench: Bench) -> None:
    objects = bench.world.get_environment_objects(Label.Buildings)
    place, yaw = bench.facing_building(objects)
    start = place + carla.Location(z=1.0)
    ahead = carla.Rotation(yaw=yaw).get_forward_vector()
    hit = bench.world.project_point(start, ahead, 10.0)
    assert hit.label == Label.Buildings
    building = min(objects, key=lambda thing: thing.bounding_box.location.distance(hit.location))
    bench.world.enable_environment_objects([building.id], False)
    car = bench.spawn(CAR, carla.Transform(place, carla.Rotation(yaw=yaw)))
    inbox = bench.sensor("sensor.other.collision", car)
    bench.seconds(1.0)
    car.enable_constant_velocity(carla.Vector3D(8.0, 0.0, 0.0))
    bench.seconds(1.0)
    try:
        assert bench.world.project_point(start, ahead, 7.0) is None or (
            bench.world.project_point(start, ahead, 7.0).label != Label.Buildings
        )
        assert "static.building" not in {event.other_actor.type_id for event in inbox.drain()}
    finally:
        bench.world.enable_environment_objects([building.id], True)
        bench.destroy(car)
    assert bench.world.project_point(start, ahead, 10.0).label == Label.Buildings


# -- rays --------------------------------------------------------------------------------------------------------


def test_a_ray_downwards_meets_the_road(bench: Bench) -> None:
    place = bench.map.get_waypoint(bench.straight().location).transform.location
    points = bench.world.cast_ray(place + carla.Location(z=5.0), place - carla.Location(z=5.0))
    assert points[0].label == Label.Roads
    assert points[0].location.distance(place) < 0.05


def test_a_ray_tells_all_it_meets_nearest_first(bench: Bench) -> None:
    place = bench.straight()
    for gap in (10.0, 20.0, 30.0):
        bench.car(bench.ahead(place, gap))
    start = place.location + carla.Location(z=0.5)
    points = bench.world.cast_ray(start, start + carla.Location(place.get_forward_vector() * 40.0))
    cars = [flat_distance(point.location, start) for point in points if point.label == Label.Car]
    assert cars == sorted(cars)
    assert cars[0] == pytest.approx(10.0 - 2.446, abs=0.1)
    assert len(cars) >= 3


def test_a_projection_downwards_finds_the_surface(bench: Bench) -> None:
    """ControlLoss looks for the ground from 1 m above, 2 m down."""
    for point in bench.map.get_spawn_points()[::20]:
        surface = bench.map.get_waypoint(point.location).transform.location
        found = bench.world.ground_projection(surface + carla.Location(z=1.0), 2.0)
        assert found.location.distance(surface) < 0.1
        assert found.label == Label.Roads


def test_a_projection_that_meets_nothing_is_none(bench: Bench) -> None:
    high = bench.straight().location + carla.Location(z=50.0)
    assert bench.world.ground_projection(high, 10.0) is None
    assert bench.world.project_point(high, carla.Vector3D(0.0, 0.0, 1.0), 10.0) is None


def test_a_projection_meets_a_walker(bench: Bench) -> None:
    place = bench.straight()
    bench.walker(bench.ahead(place, 8.0, up_m=1.0))
    found = bench.world.project_point(place.location + carla.Location(z=0.8), place.get_forward_vector(), 20.0)
    assert found.label == Label.Pedestrians
    assert flat_distance(found.location, place.location) == pytest.approx(7.8, abs=0.3)


def test_waypoints_lie_on_the_surface(bench: Bench) -> None:
    """Scenarios take the height of a waypoint for that of the road."""
    for waypoint in bench.map.generate_waypoints(25.0):
        place = waypoint.transform.location
        found = bench.world.ground_projection(place + carla.Location(z=0.5), 2.0)
        assert found is not None
        assert abs(found.location.z - place.z) < 0.08, waypoint


# -- lamps, layers, drawings -------------------------------------------------------------------------------------


def test_street_lamps_are_lit_for_all_clients(bench: Bench, address: Address) -> None:
    manager = bench.world.get_lightmanager()
    lamps = manager.get_all_lights(carla.LightGroup.Street)
    if not lamps:
        pytest.skip(f"{bench.map.name} has no street lamps")
    manager.turn_on(lamps)
    bench.tick(3)
    time.sleep(0.1)
    their_world = another_client(address).get_world()
    their_manager = their_world.get_lightmanager()  # its lights point into it
    theirs = their_manager.get_all_lights(carla.LightGroup.Street)
    assert len(theirs) == len(lamps)
    assert all(lamp.is_on for lamp in theirs)
    manager.turn_off(lamps)
    manager.set_day_night_cycle(False)
    bench.tick(3)


def test_map_layers_are_accepted(bench: Bench) -> None:
    for layer in (carla.MapLayer.ParkedVehicles, carla.MapLayer.Buildings, carla.MapLayer.All):
        bench.world.unload_map_layer(layer)
        bench.world.load_map_layer(layer)
    bench.tick()


def test_drawings_come_by_the_thousand(bench: Bench) -> None:
    debug, place = bench.world.debug, bench.straight().location
    color, box = carla.Color(255, 0, 0), carla.BoundingBox(place, carla.Vector3D(1.0, 1.0, 1.0))
    started = time.monotonic()
    for _ in range(1000):
        debug.draw_point(place, 0.1, color, 0.05)
        debug.draw_line(place, place, 0.1, color, 10_000.0)
        debug.draw_arrow(place, place, 0.1, 0.1, color, 0.0)
        debug.draw_box(box, carla.Rotation(), 0.1, color, -1.0, True)
        debug.draw_string(place, "here", False, color, 0.0)
    debug.draw_hud_line(place, place, 0.1, color, 0.05)
    debug.draw_hud_box(box, carla.Rotation(), 0.1, color, 0.05)
    debug.draw_hud_point(place, 0.1, color, 0.05)
    debug.draw_hud_arrow(place, place, 0.1, 0.1, color, 0.05)
    debug.clear_debug_shape()
    debug.clear_debug_string()
    bench.tick()
    assert bench.world.get_settings().synchronous_mode  # it answers: all of them have been taken
    assert time.monotonic() - started < 3.0


def test_the_gravity_of_imus_can_be_set(bench: Bench) -> None:
    before = bench.world.get_imui_sensor_gravity()
    assert before == pytest.approx(9.81, abs=0.01)
    bench.world.set_imui_sensor_gravity(5.0)
    assert bench.world.get_imui_sensor_gravity() == pytest.approx(5.0)
    inbox = bench.sensor("sensor.other.imu", bench.car())
    bench.tick()
    assert inbox.get().accelerometer.z == pytest.approx(5.0, abs=0.1)  # a first reading knows of gravity alone
    bench.world.set_imui_sensor_gravity(before)


def test_translucency_is_accepted(bench: Bench) -> None:
    bench.world.set_annotations_traverse_translucency(True)
    bench.tick()


# -- spawn points ------------------------------------------------------------------------------------------------


def test_spawn_points_stand_on_driving_lanes_apart_from_each_other(bench: Bench) -> None:
    points = bench.map.get_spawn_points()
    assert len(points) >= 100
    for point in points:
        waypoint = bench.map.get_waypoint(point.location)
        assert flat_distance(waypoint.transform.location, point.location) < 0.5
        assert 0.0 < point.location.z - waypoint.transform.location.z < 1.0
    for a, b in combinations(points, 2):
        assert a.location.distance(b.location) > 3.0


def test_all_spawn_points_may_be_taken_at_once(bench: Bench) -> None:
    blueprint = bench.blueprint(CAR)
    spawns = [carla.command.SpawnActor(blueprint, point) for point in bench.map.get_spawn_points()]
    responses = bench.client.apply_batch_sync(spawns, True)
    assert not [response.error for response in responses if response.has_error()]
    assert WALKER not in {actor.type_id for actor in bench.world.get_actors()}
