"""The pictures of docs/gallery: every town in five weathers, and one place through every sensor.

`python examples/gallery.py` writes them again; needs the extra `view` (OpenCV). About 2 MB of JPEG in all.
"""

import argparse
import queue
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import carla
import cv2
import numpy as np

import simulator

WIDTH, HEIGHT = 480, 270
DELTA_S = 0.05
QUALITY = 80  # of the JPEG files
EYE = carla.Transform(carla.Location(x=1.4, z=1.9), carla.Rotation(pitch=-3.0))

FOG = carla.WeatherParameters(
    cloudiness=70.0, sun_altitude_angle=40.0, fog_density=50.0, fog_distance=0.0, fog_falloff=0.2
)
WEATHERS = {
    "ClearNoon": carla.WeatherParameters.ClearNoon,
    "CloudySunset": carla.WeatherParameters.CloudySunset,
    "HardRainNoon": carla.WeatherParameters.HardRainNoon,
    "fog": FOG,
    "ClearNight": carla.WeatherParameters.ClearNight,
    "WetCloudyNight": carla.WeatherParameters.WetCloudyNight,
}
# Spawn points with something to see.
PLACES = {"Harbor": 31, "Orchard": 18, "Interchange": 83, "Ridge": 57, "Quarter": 25}
# Metres ahead along the lane, to the right, and turned by degrees.
AROUND = (
    ("vehicle.ford.ambulance", 34.0, 0.0, 0.0),
    ("vehicle.audi.tt", 16.0, 0.0, 0.0),
    ("vehicle.carlamotors.european_hgv", 46.0, -3.8, 180.0),
    ("vehicle.volkswagen.t2_2021", 24.0, -3.8, 180.0),
    ("vehicle.diamondback.century", 10.0, 2.2, 0.0),
    ("walker.pedestrian.0021", 12.0, 4.6, 200.0),
    ("walker.pedestrian.0012", 13.0, 5.4, 20.0),
)
BRAKE_AND_BEAMS = carla.VehicleLightState(
    carla.VehicleLightState.Brake | carla.VehicleLightState.LowBeam | carla.VehicleLightState.Position
)
IMAGES = (
    ("rgb", carla.ColorConverter.Raw),
    ("depth", carla.ColorConverter.LogarithmicDepth),
    ("semantic_segmentation", carla.ColorConverter.CityScapesPalette),
    ("instance_segmentation", carla.ColorConverter.Raw),
    ("normals", carla.ColorConverter.Raw),
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = Path(__file__).resolve().parents[1] / "docs" / "gallery"
    parser.add_argument("--out", type=Path, default=default, metavar="DIR", help="folder (default: docs/gallery)")
    parser.add_argument("--towns", nargs="*", default=list(PLACES), metavar="NAME", help="default: all of ours")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    for town in arguments.towns:
        with standing_in(town) as (world, car):
            sheet([titled(picture(world, car, weather), name) for name, weather in WEATHERS.items()], 3,
                  arguments.out / f"{town.lower()}.jpg")  # fmt: skip
            if town == "Harbor":
                world.set_weather(WEATHERS["ClearNoon"])
                sheet([titled(*one) for one in every_sensor(world, car)], 3, arguments.out / "sensors.jpg")
    return 0


@contextmanager
def standing_in(town: str) -> Iterator[tuple[carla.World, carla.Vehicle]]:
    """A synchronous world with a car in it and others around, all at rest."""
    with simulator.serve(town) as server:
        client = carla.Client(server.host, server.port)
        client.set_timeout(60.0)
        world = client.get_world()
        settings = world.get_settings()
        settings.synchronous_mode, settings.fixed_delta_seconds = True, DELTA_S
        world.apply_settings(settings)
        library, place = world.get_blueprint_library(), world.get_map().get_spawn_points()[PLACES.get(town, 0)]
        car = world.spawn_actor(library.find("vehicle.lincoln.mkz_2020"), place)
        lane = world.get_map().get_waypoint(place.location)
        for type_id, ahead, right, turn in AROUND:
            for further in lane.next(ahead)[:1]:
                there = carla.Transform(
                    further.transform.transform(carla.Location(y=right, z=1.1 if "walker" in type_id else 0.3)),
                    carla.Rotation(yaw=further.transform.rotation.yaw + turn),
                )
                blueprint = library.find(type_id)
                if blueprint.has_attribute("color"):
                    colours = blueprint.get_attribute("color").recommended_values
                    blueprint.set_attribute("color", colours[len(type_id) % len(colours)])
                actor = world.try_spawn_actor(blueprint, there)
                if actor is not None and type_id.startswith("vehicle."):
                    actor.apply_control(carla.VehicleControl(brake=1.0))
                    actor.set_light_state(BRAKE_AND_BEAMS)
        car.set_light_state(carla.VehicleLightState(carla.VehicleLightState.LowBeam))
        for _ in range(20):
            world.tick()
        yield world, car


def picture(world: carla.World, car: carla.Vehicle, weather: carla.WeatherParameters) -> np.ndarray:
    world.set_weather(weather)
    return bgr(read(world, car, "sensor.camera.rgb"))


def every_sensor(world: carla.World, car: carla.Vehicle) -> Iterator[tuple[np.ndarray, str]]:
    for kind, converter in IMAGES:
        image = read(world, car, f"sensor.camera.{kind}")
        image.convert(converter)
        yield bgr(image), f"camera.{kind}"
    car.enable_constant_velocity(carla.Vector3D(x=8.0))
    flow = read(world, car, "sensor.camera.optical_flow", ticks=3)
    yield bgr(flow.get_color_coded_flow()), "camera.optical_flow"
    events = read(world, car, "sensor.camera.dvs", ticks=3)
    car.disable_constant_velocity()
    yield drawn_events(events), "camera.dvs"
    beams = {"channels": "64", "points_per_second": "1200000", "rotation_frequency": "20", "range": "80"}
    beams |= {"upper_fov": "10", "lower_fov": "-25", "dropoff_general_rate": "0.0"}
    scan = read(world, car, "sensor.lidar.ray_cast", beams)
    points = np.frombuffer(scan.raw_data, np.float32).reshape(-1, 4)
    yield (
        from_above(points[:, :2], cv2.applyColorMap(height_shades(points[:, 2]), cv2.COLORMAP_TURBO)),
        "lidar.ray_cast",
    )
    wide = {"points_per_second": "20000", "horizontal_fov": "90", "range": "60"}
    found = read(world, car, "sensor.other.radar", wide)
    rows = np.frombuffer(found.raw_data, np.float32).reshape(-1, 4)
    places = np.stack([rows[:, 3] * np.cos(rows[:, 1]), rows[:, 3] * np.sin(rows[:, 1])], axis=1)
    yield from_above(places, np.full((len(rows), 1, 3), 255, np.uint8)), "other.radar"


def read(
    world: carla.World, car: carla.Vehicle, kind: str, attributes: dict[str, str] | None = None, ticks: int = 1
) -> Any:
    blueprint = world.get_blueprint_library().find(kind)
    if kind.startswith("sensor.camera."):
        attributes = {"image_size_x": str(WIDTH), "image_size_y": str(HEIGHT)}
    for name, value in (attributes or {}).items():
        blueprint.set_attribute(name, value)
    messages: queue.Queue[Any] = queue.Queue()
    sensor = world.spawn_actor(blueprint, EYE, attach_to=car)
    sensor.listen(messages.put)
    for _ in range(ticks):
        world.tick()
    message = [messages.get(timeout=30.0) for _ in range(ticks)][-1]
    sensor.destroy()
    return message


def bgr(image: Any) -> np.ndarray:
    pixels = np.frombuffer(image.raw_data, np.uint8).reshape(image.height, image.width, 4)
    return np.ascontiguousarray(pixels[:, :, :3])


def drawn_events(message: carla.DVSEventArray) -> np.ndarray:
    events = np.frombuffer(message.raw_data, np.dtype([("x", "<u2"), ("y", "<u2"), ("t", "<i8"), ("up", "?")]))
    drawn = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    drawn[events["y"], events["x"], events["up"] * 2] = 255
    return drawn


def height_shades(z: np.ndarray) -> np.ndarray:
    return np.clip((z + 3.0) * 40.0, 0, 255).astype(np.uint8)[:, None]


def from_above(places: np.ndarray, colours: np.ndarray, metres: float = 100.0) -> np.ndarray:
    """Points [n, 2] ahead and to the right, the car in the middle looking up."""
    drawn = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    scale = WIDTH / metres
    column = (WIDTH / 2 + places[:, 1] * scale).astype(int)
    row = (HEIGHT * 0.6 - places[:, 0] * scale).astype(int)
    inside = (column >= 0) & (column < WIDTH) & (row >= 0) & (row < HEIGHT)
    drawn[row[inside], column[inside]] = colours.reshape(-1, 3)[inside]
    return drawn


def titled(image: np.ndarray, title: str) -> np.ndarray:
    cv2.rectangle(image, (0, HEIGHT - 22), (WIDTH, HEIGHT), (32, 32, 32), cv2.FILLED)
    cv2.putText(image, title, (8, HEIGHT - 7), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (255, 255, 255), 1, cv2.LINE_AA)
    return image


def sheet(images: list[np.ndarray], columns: int, file: Path) -> None:
    rows = [np.hstack(images[k : k + columns]) for k in range(0, len(images), columns)]
    cv2.imwrite(str(file), np.vstack(rows), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    print(f"{file} ({file.stat().st_size // 1024} KB)")


if __name__ == "__main__":
    sys.exit(main())
