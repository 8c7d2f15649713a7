"""A drive, filmed: a car in the Traffic Manager's hands, seen by an rgb camera, as an mp4 file.

`python examples/film.py --out drive.mp4`; needs the extra `view` (PyAV and OpenCV). See --help for towns, weathers and
where the camera sits.
"""

import argparse
import queue
import random
import sys
import time
from pathlib import Path

import av
import carla
import cv2
import numpy as np

import simulator

DELTA_S = 0.05
# Where the camera sits, in the car's frame.
PLACES = {
    "chase": carla.Transform(carla.Location(x=-7.0, z=3.6), carla.Rotation(pitch=-12.0)),
    "driver": carla.Transform(carla.Location(x=1.3, z=1.6)),
    "roof": carla.Transform(carla.Location(x=0.5, z=2.4)),
    "bird": carla.Transform(carla.Location(x=6.0, z=28.0), carla.Rotation(pitch=-90.0)),
}
WEATHERS = sorted(name for name in dir(carla.WeatherParameters) if name.endswith(("Noon", "Sunset", "Night")))


def main() -> int:
    arguments = parse()
    random.seed(arguments.seed)
    width, height = arguments.size
    try:
        with (
            simulator.serve(arguments.town, map_dir=arguments.map_dir, seed=arguments.seed) as server,
            av.open(str(arguments.out), "w") as file,
        ):
            client = carla.Client(server.host, server.port)
            client.set_timeout(30.0)
            world = client.get_world()
            world.set_weather(getattr(carla.WeatherParameters, arguments.weather))
            manager = synchronous(client, world, arguments.seed)
            car, others = spawn(world, manager, arguments.vehicles)
            if arguments.weather.endswith("Night"):
                # Low beams, as drivers switch them on; the Traffic Manager does the same for its cars on request.
                for actor in [car, *others]:
                    actor.set_light_state(carla.VehicleLightState(carla.VehicleLightState.LowBeam))
            images, camera = film(world, car, arguments.view, width, height)
            video = file.add_stream("libx264", rate=round(1.0 / DELTA_S), options={"crf": "23"})
            video.width, video.height, video.pix_fmt = width, height, "yuv420p"
            started = time.perf_counter()
            ticks = round(arguments.seconds / DELTA_S)
            for _ in range(ticks):
                frame = world.tick()
                image = images.get(timeout=30.0)
                assert image.frame == frame
                picture = bgr(image)
                if arguments.hud:
                    write_speed(picture, car)
                file.mux(video.encode(av.VideoFrame.from_ndarray(picture, "bgr24")))
            file.mux(video.encode())
            wall_s = time.perf_counter() - started
            for actor in [camera, car, *others]:
                actor.destroy()
            world.tick()
            manager.shut_down()
    except (simulator.launch.SimulatorFailed, RuntimeError, OSError) as error:
        print(f"film: {error}", file=sys.stderr)
        return 2
    print(f"{arguments.out}: {ticks * DELTA_S:.0f} s of {width}x{height} in {wall_s:.1f} s, {len(others)} cars around")
    return 0


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("drive.mp4"), metavar="FILE", help="default: %(default)s")
    parser.add_argument("--town", default="Harbor", help="map to drive in (default: %(default)s)")
    parser.add_argument("--map-dir", metavar="DIR", help="folder of your own .xodr maps")
    parser.add_argument("--weather", choices=WEATHERS, default="ClearNoon", help="default: %(default)s")
    parser.add_argument("--view", choices=PLACES, default="chase", help="where the camera sits (default: %(default)s)")
    parser.add_argument("--vehicles", type=int, default=30, metavar="N", help="cars around (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=30.0, metavar="S", help="length (default: %(default)s)")
    parser.add_argument("--size", type=size, default=(1280, 720), metavar="WxH", help="of the picture (1280x720)")
    parser.add_argument("--hud", action="store_true", help="write the car's speed into the picture")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="the same seed drives the same way")
    return parser.parse_args()


def size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    if not (width.isdigit() and height.isdigit() and int(width) % 2 == 0 and int(height) % 2 == 0):
        raise argparse.ArgumentTypeError(f"{text!r} is no size: give two even numbers, such as 1280x720")
    return int(width), int(height)


def synchronous(client: carla.Client, world: carla.World, seed: int) -> carla.TrafficManager:
    settings = world.get_settings()
    settings.synchronous_mode, settings.fixed_delta_seconds = True, DELTA_S
    world.apply_settings(settings)
    manager = client.get_trafficmanager(random.Random().randrange(20_000, 60_000))  # it needs a port of its own
    manager.set_synchronous_mode(True)
    manager.set_random_device_seed(seed)
    return manager


def spawn(world: carla.World, manager: carla.TrafficManager, count: int) -> tuple[carla.Vehicle, list[carla.Vehicle]]:
    library = world.get_blueprint_library()
    places = world.get_map().get_spawn_points()
    random.shuffle(places)
    car = world.spawn_actor(library.find("vehicle.lincoln.mkz_2020"), places.pop())
    models = sorted(library.filter("vehicle.*"), key=lambda blueprint: blueprint.id)
    for model in models:
        if model.has_attribute("color"):
            model.set_attribute("color", random.choice(model.get_attribute("color").recommended_values))
    found = (world.try_spawn_actor(random.choice(models), place) for place in places[:count])
    others = [other for other in found if other is not None]
    world.tick()
    for actor in [car, *others]:
        actor.set_autopilot(True, manager.get_port())
    return car, others


def film(
    world: carla.World, car: carla.Vehicle, view: str, width: int, height: int
) -> tuple["queue.Queue[carla.Image]", carla.Sensor]:
    blueprint = world.get_blueprint_library().find("sensor.camera.rgb")
    blueprint.set_attribute("image_size_x", str(width))
    blueprint.set_attribute("image_size_y", str(height))
    camera = world.spawn_actor(blueprint, PLACES[view], attach_to=car)
    images: queue.Queue[carla.Image] = queue.Queue()
    camera.listen(images.put)
    return images, camera


def bgr(image: carla.Image) -> np.ndarray:
    pixels = np.frombuffer(image.raw_data, np.uint8).reshape(image.height, image.width, 4)
    return np.ascontiguousarray(pixels[:, :, :3])


def write_speed(picture: np.ndarray, car: carla.Vehicle) -> None:
    text = f"{3.6 * car.get_velocity().length():3.0f} km/h"
    place, scale = (20, picture.shape[0] - 24), picture.shape[0] / 720.0
    for colour, thickness in (((0, 0, 0), 5), ((255, 255, 255), 2)):
        cv2.putText(picture, text, place, cv2.FONT_HERSHEY_SIMPLEX, scale, colour, thickness, cv2.LINE_AA)


if __name__ == "__main__":
    sys.exit(main())
