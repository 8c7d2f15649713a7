"""The rgb camera on small drawn scenes: what must be bright, dark, coloured, smooth, and where."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from simulator.protocol.structs import Weather
from simulator.scene.tables import (
    ASPHALT,
    CASTER,
    FOLIAGE,
    GRASS,
    LAMP,
    LIGHT_GREEN,
    LIGHT_RED,
    MARKING,
    PAINT,
    PLAIN,
    SIGN,
    WALL,
)
from simulator.sensors.camera_spec import CameraSpec
from simulator.sensors.raster import Workspace, camera_view
from simulator.sensors.rgb import read_rgb
from simulator.world.world import CLEAR_NOON
from tests.simulator.drawn_triangles import box, frame, geometry, ground, instances, materials
from tests.simulator.drawn_views import degrees

DRY = Weather(*CLEAR_NOON)._replace(cloudiness=0.0, fog_density=0.0, sun_azimuth_angle=0.0)
NIGHT = DRY._replace(sun_altitude_angle=-60.0)

# Rows of the material table of all scenes.
ROAD, LINE, HOUSE, WHITE, RED_LAMP, GREEN_LAMP, CAR, LEAVES, FACE, MEADOW = range(10)
TABLE = materials(
    {"kind": ASPHALT, "r": 0.1, "g": 0.1, "b": 0.1},
    {"kind": MARKING, "r": 0.8, "g": 0.8, "b": 0.8, "p": (0.075, 0, 0, 0, 0, 0, 0, 0)},
    {"kind": WALL, "r": 0.4, "g": 0.3, "b": 0.2, "p": (3.0, 3.0, 0.5, 0.5, 0.3, 12.0, 0, 0)},
    {"kind": PLAIN, "r": 0.8, "g": 0.8, "b": 0.8},
    {"kind": LAMP, "r": 1.0, "g": 0.06, "b": 0.04, "lamp": LIGHT_RED},
    {"kind": LAMP, "r": 0.05, "g": 1.0, "b": 0.3, "lamp": LIGHT_GREEN},
    {"kind": PAINT, "r": 1.0, "g": 1.0, "b": 1.0},
    {"kind": FOLIAGE, "r": 0.05, "g": 0.2, "b": 0.03},
    {"kind": SIGN, "r": 1.0, "g": 1.0, "b": 1.0},
    {"kind": GRASS, "r": 0.08, "g": 0.16, "b": 0.04},
)
ROAD_60M = ground(60.0, 10.0)


def quad(a, b, c, d):
    return np.array([[a, b, c], [a, c, d]], float)


def upright(x, y, z, wide, high):
    """A square that looks towards -x."""
    corners = [(x, y - wide, z + high), (x, y - wide, z - high), (x, y + wide, z - high), (x, y + wide, z + high)]
    return facing_back(quad(*corners))


def facing_back(triangles):
    normal = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    return np.where((normal[:, 0] > 0)[:, None, None], triangles[:, ::-1], triangles)


def scene(*things, weather=DRY, rows=None, uv=None, **more):
    """Things are (triangles, material, instance) in the order of their triangles."""
    static = geometry(
        [thing[0] for thing in things],
        material=[thing[1] for thing in things for _ in thing[0]],
        instance=[thing[2] if len(thing) > 2 else 0 for thing in things for _ in thing[0]],
        uv=uv,
    )
    made = frame(static=static, materials_=TABLE, instances_=rows if rows is not None else instances({}))
    given = {"casters": np.zeros(0, CASTER), "atlas": np.zeros((1, 4, 4, 3), np.uint8), **more}
    return replace(made, weather=tuple(weather), **given)


def shot(frame_, pose, width=200, height=150, fov=90.0, run=None, **spec):
    """The picture as floats [height, width, 3], red first."""
    out = np.zeros((height, width, 4), np.uint8)
    view = camera_view(width, height, fov, pose)
    args = () if run is None else (run,)
    read_rgb(frame_, view, CameraSpec(width, height, fov, **spec), out, Workspace(), *args)
    assert (out[:, :, 3] == 255).all()
    return out[:, :, 2::-1].astype(float)


def linear(picture):
    coded = picture / 255.0
    return np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)


def grey(picture):
    return linear(picture) @ [0.2126, 0.7152, 0.0722]


ON_THE_ROAD = degrees(0, 0, 1.5)
FROM_ABOVE = degrees(0, 0, 30, 0, -90, 0)  # up in the picture is +x, right is +y; 1 pixel is 0.3 m on the ground


def on_ground(picture, x, y):
    """What a picture from above shows at places on the ground."""
    height, width = picture.shape[:2]
    focal = width / 2.0
    rows = np.int64(np.floor(height / 2.0 - focal * np.asarray(x) / 30.0))
    columns = np.int64(np.floor(width / 2.0 + focal * np.asarray(y) / 30.0))
    return picture[rows, columns]


# --- light


def test_noon_is_brighter_than_dusk_and_dusk_than_night():
    means = []
    for altitude in (50.0, 4.0, -4.0, -40.0):
        made = scene(
            (ROAD_60M, ROAD), (box((20, 6, 3), (3, 3, 3)), WHITE), weather=DRY._replace(sun_altitude_angle=altitude)
        )
        means.append(grey(shot(made, ON_THE_ROAD)).mean())
    assert means == sorted(means, reverse=True)
    assert means[0] > 8 * means[-1] > 0.0


def test_a_side_in_the_sun_is_brighter_than_one_in_the_shade():
    made = scene((ROAD_60M, ROAD), (box((0, 0, 2), (2, 2, 2)), WHITE))
    sunny = shot(made, degrees(8, 0, 2, 0, 0, 180))
    shady = shot(made, degrees(-8, 0, 2))
    assert grey(sunny)[75, 100] > 2.5 * grey(shady)[75, 100]


def test_shadow_of_a_house_lies_where_geometry_says():
    # 4 m high, x from 8 to 10; the sun 45 degrees up in the direction of x: shadow on -x side, from x = 4 to 8.
    made = scene((ROAD_60M, ROAD), (box((9, 0, 2), (1, 5, 2)), WHITE), weather=DRY._replace(sun_altitude_angle=45.0))
    picture = grey(shot(made, FROM_ABOVE, width=400, height=400))
    lit = on_ground(picture, np.full(20, -6.0), np.linspace(-3, 3, 20)).mean()
    dark = on_ground(picture, np.full(20, 6.0), np.linspace(-3, 3, 20)).mean()
    assert dark < 0.4 * lit
    x = np.linspace(0.0, 7.5, 200)
    along = on_ground(picture, x, np.zeros(200))
    edge = x[np.abs(along - 0.5 * (lit + dark)).argmin()]
    assert edge == pytest.approx(4.0, abs=0.4)
    assert on_ground(picture, 13.0, 0.0) > 0.8 * lit  # nothing behind it
    assert on_ground(picture, 6.0, 7.0) > 0.8 * lit  # nor beside it


def caster(x, y, yaw=0.0, half_x=2.0, half_y=1.0, height=1.5, lights=0):
    row = np.zeros(1, CASTER)
    for name, value in {
        "x": x,
        "y": y,
        "yaw": yaw,
        "half_x": half_x,
        "half_y": half_y,
        "height": height,
        "lights": lights,
    }.items():
        row[name] = value
    return row


def test_what_moves_throws_its_shadow_away_from_the_sun():
    low = DRY._replace(sun_altitude_angle=30.0, sun_azimuth_angle=90.0)  # the sun is at +y
    empty = grey(shot(scene((ROAD_60M, ROAD), weather=low), FROM_ABOVE, width=400, height=400))
    seen = grey(shot(scene((ROAD_60M, ROAD), weather=low, casters=caster(3, 0)), FROM_ABOVE, width=400, height=400))
    part = seen / empty
    assert on_ground(part, 3.0, -2.0) < 0.55  # a shadow of about 1.5 m / tan 30 beyond the box
    assert on_ground(part, 3.0, 3.0) > 0.95
    assert on_ground(part, 3.0, -5.0) > 0.95
    assert on_ground(part, -2.0, -2.0) > 0.95
    assert on_ground(part, 3.0, 0.0) < 0.4  # beneath it


def test_under_clouds_it_is_only_dark_close_to_it():
    covered = DRY._replace(cloudiness=100.0, sun_altitude_angle=30.0, sun_azimuth_angle=90.0)
    empty = grey(shot(scene((ROAD_60M, ROAD), weather=covered), FROM_ABOVE, width=400, height=400))
    seen = grey(shot(scene((ROAD_60M, ROAD), weather=covered, casters=caster(3, 0)), FROM_ABOVE, width=400, height=400))
    assert on_ground(seen / empty, 3.0, -2.5) > 0.9  # clouds leave a trace of sun; a byte is 3 % here
    assert on_ground(seen / empty, 3.0, 0.5) < 0.7


def test_a_shadow_in_a_shadow_is_not_darker():
    made = ((ROAD_60M, ROAD), (box((9, 0, 4), (1, 8, 4)), WHITE))
    weather = DRY._replace(sun_altitude_angle=45.0)
    alone = shot(scene(*made, weather=weather), FROM_ABOVE, width=400, height=400)
    both = shot(scene(*made, weather=weather, casters=caster(6.0, 0.0, half_x=0.5)), FROM_ABOVE, width=400, height=400)
    # 1.5 m before the box its own sun shadow would fall; there the house has taken the sun already.
    assert on_ground(both, 4.6, 0.0) == pytest.approx(on_ground(alone, 4.6, 0.0), abs=3)


# --- lamps


@pytest.mark.parametrize("weather", [DRY, DRY._replace(cloudiness=100.0), NIGHT, DRY._replace(fog_density=20.0)])
@pytest.mark.parametrize(("material", "bits", "channel"), [(RED_LAMP, LIGHT_RED, 0), (GREEN_LAMP, LIGHT_GREEN, 1)])
def test_a_lit_lamp_shows_its_colour_at_60_m(weather, material, bits, channel):
    things = ((ROAD_60M, ROAD), (upright(60, 0, 5, 0.6, 1.2), WHITE), (upright(59.9, 0, 5, 0.15, 0.15), material, 1))
    pictures = []
    for lights in (bits, 0):
        made = scene(*things, weather=weather, rows=instances({}, {"lights": lights}))
        pictures.append(shot(made, ON_THE_ROAD, width=1024, height=512))
    row, column = int(256 - 512 * 3.5 / 60), 512
    lit, unlit = (picture[row - 1 : row + 1, column - 1 : column + 1].mean(axis=(0, 1)) for picture in pictures)
    others = np.delete(lit, channel)
    assert lit[channel] > 190
    assert (lit[channel] > 1.25 * others).all()
    assert lit[channel] > unlit[channel] + 60
    assert unlit[channel] < 130


def test_by_night_lamps_have_a_glow_that_can_be_switched_off():
    made = scene((upright(40, 0, 2, 0.3, 0.3), RED_LAMP, 1), weather=NIGHT, rows=instances({}, {"lights": LIGHT_RED}))
    with_glow, without = shot(made, ON_THE_ROAD), shot(made, ON_THE_ROAD, postprocess=False)
    row, column = int(75 - 100 * 0.5 / 40), 106
    assert with_glow[row, column, 0] > without[row, column, 0] + 10
    assert (with_glow[:, :40] == without[:, :40]).all()


def test_street_lamps_light_the_ground_beneath_by_night():
    lamps = np.array([[10.0, 8.0, 7.0]], np.float32)
    made = scene((ROAD_60M, ROAD), weather=NIGHT, lamps=lamps, lamps_lit=np.zeros(1, np.uint8))
    picture = grey(shot(made, FROM_ABOVE))
    assert on_ground(picture, 10.0, 8.0) > 4 * on_ground(picture, -15.0, -15.0)
    by_day = replace(made, weather=tuple(DRY))
    switched_on = replace(by_day, lamps_lit=np.ones(1, np.uint8))
    gain = grey(shot(switched_on, FROM_ABOVE)) - grey(shot(by_day, FROM_ABOVE))
    assert on_ground(gain, 10.0, 8.0) > 0.02


def test_headlights_light_the_road_ahead_by_night_only():
    low_beam = 0x2
    for weather, shows in ((NIGHT, True), (DRY, False)):
        off = scene((ROAD_60M, ROAD), weather=weather, casters=caster(-10, 0))
        on = scene((ROAD_60M, ROAD), weather=weather, casters=caster(-10, 0, lights=low_beam))
        gain = grey(shot(on, FROM_ABOVE)) - grey(shot(off, FROM_ABOVE))
        assert (on_ground(gain, 2.0, 0.0) > 0.01) == shows
        assert abs(on_ground(gain, -18.0, 0.0)) < 1e-6  # behind it
        assert abs(on_ground(gain, 2.0, 15.0)) < 2e-3


def test_a_vehicle_stops_the_light_of_headlights_and_a_walker_does_not():
    low_beam = 0x2

    def light(*others):
        casters = np.concatenate([caster(-10, 0, lights=low_beam), *others])
        return grey(shot(scene((ROAD_60M, ROAD), weather=NIGHT, casters=casters), FROM_ABOVE))

    dark = grey(shot(scene((ROAD_60M, ROAD), weather=NIGHT), FROM_ABOVE))
    free, behind_car = light(), light(caster(2, 0))
    assert on_ground(free, 12.0, 0.0) > on_ground(dark, 12.0, 0.0) + 0.005
    assert on_ground(behind_car, 12.0, 0.0) == pytest.approx(on_ground(dark, 12.0, 0.0), abs=1e-4)
    for place in ((-4.0, 0.0), (12.0, 9.0)):  # before it and beside it
        assert on_ground(behind_car, *place) == pytest.approx(on_ground(free, *place), abs=1e-4)
    walker = caster(2, 0)
    walker["half_x"] = walker["half_y"] = 0.19
    assert on_ground(light(walker), 12.0, 0.0) == pytest.approx(on_ground(free, 12.0, 0.0), abs=1e-4)
    above = caster(2, 0)
    above["z"] += 6.0  # on a bridge
    assert on_ground(light(above), 12.0, 0.0) == pytest.approx(on_ground(free, 12.0, 0.0), abs=1e-4)


def test_signs_throw_headlights_back():
    """At night a sign by the road is brighter than a white board in its place."""
    board = upright(20.0, 3.0, 2.5, 0.35, 0.35)
    page = np.full((1, 4, 4, 3), 255, np.uint8)
    beam = caster(-3, 0, lights=0x2)
    looks = []
    for material in (WHITE, FACE):
        made = scene((ROAD_60M, ROAD), (board, material), weather=NIGHT, casters=beam, atlas=page)
        picture = grey(shot(made, ON_THE_ROAD, width=400, height=300))
        looks.append(picture[135:146, 225:236].max())
    assert looks[1] > 2.0 * looks[0]


def test_some_windows_are_lit_by_night():
    uv = np.zeros((2, 3, 2), np.float32)
    wall = upright(15, 0, 6, 9, 6)
    uv[:, :, 0], uv[:, :, 1] = wall[:, :, 1] + 9, wall[:, :, 2]
    by_night = shot(scene((wall, HOUSE), uv=uv, weather=NIGHT), degrees(0, 0, 6))
    bright = (by_night[40:110, 50:150, 0] > 150).mean()
    assert 0.01 < bright < 0.2  # windows are a quarter of the wall
    by_day = shot(scene((wall, HOUSE), uv=uv), degrees(0, 0, 6))
    assert np.ptp(grey(by_day)[40:110, 50:150]) > 0.03


# --- air and water


def test_things_turn_into_the_fog_with_distance():
    red = instances({}, {"tint": (0.8, 0.02, 0.02)})

    def looks(distance):
        things = (ROAD_60M, ROAD), (upright(distance, 0, 2, 2, 2), CAR, 1)
        made = scene(*things, weather=DRY._replace(fog_density=100.0), rows=red)
        picture = linear(shot(made, ON_THE_ROAD, width=400, height=300))
        row = int(150 - 200 * 0.5 / distance)
        return np.abs(picture[row, 200] - picture[row, 20]).max()  # beside it is the fog itself

    away = [looks(distance) for distance in (10, 20, 40, 80, 160)]
    assert away == sorted(away, reverse=True)
    assert away[-1] < 0.02 < 0.2 < away[0]


def test_lamps_are_seen_through_fog_that_hides_what_carries_them():
    thick = NIGHT._replace(fog_density=100.0)
    lamp = upright(60.0, 0.0, 4.0, 0.4, 0.4)
    seen = []
    for lights in (0, LIGHT_RED):
        rows = instances({}, {"lights": lights})
        made = scene((ROAD_60M, ROAD), (lamp, RED_LAMP, 1), weather=thick, rows=rows)
        seen.append(shot(made, ON_THE_ROAD, width=1024, height=576)[250:268, 504:520, 0].max())
    assert seen[1] > seen[0] + 60


def test_clear_air_shows_what_fog_hides():
    things = ((ROAD_60M, ROAD), (box((50, 0, 3), (3, 3, 3)), LEAVES))
    clear, foggy = (shot(scene(*things, weather=DRY._replace(fog_density=d)), ON_THE_ROAD) for d in (0.0, 80.0))
    contrast = [abs(grey(p)[72, 100] - grey(p)[72, 20]) for p in (clear, foggy)]
    assert contrast[0] > 3 * contrast[1]


def test_a_wet_road_is_darker_at_ones_feet_and_mirrors_the_sky_far_away():
    covered = DRY._replace(cloudiness=100.0)
    dry, wet = (
        grey(shot(scene((ROAD_60M, ROAD), weather=covered._replace(wetness=w)), ON_THE_ROAD)) for w in (0.0, 100.0)
    )
    assert wet[140:, 60:140].mean() < 0.8 * dry[140:, 60:140].mean()
    assert wet[81:84, 60:140].mean() > 1.1 * dry[81:84, 60:140].mean()


def test_puddles_lie_here_and_there():
    covered = DRY._replace(cloudiness=100.0)
    dry, wet = (
        grey(shot(scene((ROAD_60M, ROAD), weather=covered._replace(precipitation_deposits=d)), ON_THE_ROAD))
        for d in (0.0, 100.0)
    )
    changed = np.abs(wet - dry)[80:] > 0.01
    assert 0.03 < changed.mean() < 0.97


def test_rain_falls_anew_in_each_frame():
    rain = DRY._replace(precipitation=100.0, cloudiness=100.0)
    made = scene((ROAD_60M, ROAD), weather=rain)
    one, again = shot(made, ON_THE_ROAD), shot(made, ON_THE_ROAD)
    later = shot(replace(made, number=8), ON_THE_ROAD)
    assert (one == again).all()
    assert 0.005 < (one != later).any(axis=2).mean() < 0.6


# --- surfaces


def line_scene(weather=DRY, angle=0.0):
    """A line of 0.15 m along x at y = 1 on a ribbon of 0.6 m."""
    ribbon = quad((1, 0.7, 0), (60, 0.7, 0), (60, 1.3, 0), (1, 1.3, 0))
    uv = np.zeros((len(ROAD_60M) + 2, 3, 2), np.float32)
    uv[-2:, :, 0] = ribbon[:, :, 0]
    uv[-2:, :, 1] = ribbon[:, :, 1] - 1.0
    return scene((ROAD_60M, ROAD), (ribbon, LINE), uv=uv, weather=weather)


def test_a_line_keeps_its_light_as_it_gets_narrower_than_a_pixel():
    weather = DRY._replace(cloudiness=100.0)
    with_line = linear(shot(line_scene(weather), ON_THE_ROAD, width=800, height=600))
    without = linear(shot(scene((ROAD_60M, ROAD), weather=weather), ON_THE_ROAD, width=800, height=600))
    gain = (with_line - without)[:, :, 1].sum(axis=1)
    # Row j sees the road at 1.5 m * focal / (j + 0.5 - 300); the line is 0.15 m * focal / distance pixels wide there.
    rows = np.arange(314, 560)
    distance = 1.5 * 400.0 / (rows + 0.5 - 300.0)
    light_per_pixel = gain[rows] / (0.15 * 400.0 / distance)
    assert (light_per_pixel > 0).all()
    middle = np.median(light_per_pixel)
    assert (np.abs(light_per_pixel / middle - 1.0) < 0.3).all()


def test_a_line_moves_smoothly_and_does_not_flicker():
    sums = []
    for y in np.linspace(0.0, 0.05, 6):
        picture = linear(shot(line_scene(), degrees(0, y, 1.5), width=400, height=300))
        sums.append(picture[156:160, 190:230, 1].sum())
    assert np.ptp(sums) < 0.05 * np.mean(sums)


def test_the_tint_is_the_colour_of_a_car():
    rows = instances({}, {"tint": (0.7, 0.02, 0.02)}, {"tint": (0.02, 0.05, 0.6)})
    made = scene((upright(8, -3, 1, 2, 1), CAR, 1), (upright(8, 3, 1, 2, 1), CAR, 2), rows=rows)
    picture = shot(made, ON_THE_ROAD)
    red, blue = picture[80, 100 - 37], picture[80, 100 + 37]
    assert red[0] > 1.5 * max(red[1], red[2])
    assert blue[2] > 1.3 * max(blue[0], blue[1])


def test_a_sign_shows_its_face_the_right_way_round():
    page = np.zeros((1, 16, 16, 3), np.uint8)
    page[0, :8, :8] = (255, 0, 0)  # left above
    page[0, 8:, 8:] = (0, 0, 255)  # right below
    page[0, :8, 8:] = page[0, 8:, :8] = (255, 255, 255)
    face = upright(5, 0, 1.5, 1, 1)
    uv = np.stack([(face[:, :, 1] + 1) / 2, (2.5 - face[:, :, 2]) / 2], axis=-1)
    picture = shot(scene((face, FACE), uv=uv, atlas=page, weather=DRY._replace(cloudiness=100.0)), ON_THE_ROAD)
    above_left, below_right = picture[65, 90], picture[85, 110]
    assert above_left[0] > 2 * above_left[2]
    assert below_right[2] > 2 * below_right[0]


def test_edges_are_smooth():
    made = scene(
        (upright(10, 2.03, 1.5, 2, 8), WHITE), weather=NIGHT._replace(sun_altitude_angle=20.0, sun_azimuth_angle=180.0)
    )
    row = grey(shot(made, degrees(0, 0, 1.5, 5, 0, 0)))
    edge = row[30:120, 97:107]
    low, high = row[:, 60:80].mean(), row[:, 115:120].mean()
    between = (edge - low) / (high - low)
    assert ((between > 0.15) & (between < 0.85)).any(axis=1).mean() > 0.5


def test_the_ground_goes_on_to_the_horizon():
    picture = grey(shot(scene((ground(30.0, 10.0), MEADOW)), ON_THE_ROAD, height=151))
    column = picture[:, 100]
    assert (column[74:] > 0.005).all()
    assert np.abs(np.diff(column[70:80])).max() < 0.2  # no black or white gap at the horizon


# --- the camera


def test_pictures_are_equal_on_any_number_of_threads():
    made = scene(
        (ROAD_60M, ROAD),
        (box((20, 3, 3), (3, 3, 3)), WHITE),
        (box((14, -4, 3), (2, 2, 3)), LEAVES),
        (upright(30, 0, 4, 0.3, 0.3), RED_LAMP, 1),
        weather=NIGHT._replace(precipitation=60.0),
        rows=instances({}, {"lights": LIGHT_RED}),
        casters=caster(6, 0, lights=2),
    )
    with ThreadPoolExecutor(5) as pool:

        def side_by_side(tasks):
            list(pool.map(lambda task: task(), tasks))

        pictures = [shot(made, ON_THE_ROAD, run=side_by_side) for _ in range(3)]
    alone = shot(made, ON_THE_ROAD)
    assert all((picture == alone).all() for picture in pictures)


def test_gamma_brightens_and_neutral_gamma_is_the_default():
    made = scene((ROAD_60M, ROAD))
    usual, neutral, soft, hard = (
        shot(made, ON_THE_ROAD, **s) for s in ({}, {"gamma": 2.2}, {"gamma": 3.0}, {"gamma": 1.5})
    )
    assert (usual == neutral).all()
    assert soft.mean() > usual.mean() + 5 > hard.mean() + 10


def test_exposure_by_hand_and_by_compensation():
    made = scene((ROAD_60M, ROAD), weather=DRY._replace(cloudiness=100.0))
    usual = grey(shot(made, ON_THE_ROAD))[120:, :].mean()
    for settings, factor in (
        ({"manual_exposure": True}, 1.0),
        ({"manual_exposure": True, "iso": 200.0}, 2.0),
        ({"manual_exposure": True, "shutter_speed_hz": 400.0}, 0.5),
        ({"manual_exposure": True, "fstop": 2.8}, 0.25),
        ({"exposure_compensation_ev": 1.0}, 2.0),
        ({"exposure_compensation_ev": -1.0}, 0.5),
        ({"iso": 200.0}, 1.0),  # automatic exposure makes up for it
    ):
        assert grey(shot(made, ON_THE_ROAD, **settings))[120:, :].mean() == pytest.approx(factor * usual, rel=0.06)


def test_a_picture_of_another_shape_is_refused():
    made = scene((ROAD_60M, ROAD))
    view = camera_view(20, 10, 90.0, ON_THE_ROAD)
    with pytest.raises(ValueError, match=r"\(10, 20, 4\)"):
        read_rgb(made, view, CameraSpec(20, 10, 90.0), np.zeros((20, 10, 4), np.uint8), Workspace())


@pytest.mark.parametrize(("width", "height"), [(1, 1), (3, 2), (17, 9), (64, 65)])
def test_small_and_odd_pictures(width, height):
    made = scene((ROAD_60M, ROAD), (box((5, 0, 1), (1, 1, 1)), WHITE), weather=DRY._replace(precipitation=50.0))
    assert shot(made, ON_THE_ROAD, width=width, height=height).mean() > 10
