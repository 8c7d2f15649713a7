"""Parts of the rgb picture on their own: runs of a row, tone, light of a weather, sky, textures."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.kernels import njit
from simulator.protocol.structs import Weather
from simulator.sensors.lanes import LANES
from simulator.sensors.shading.patterns import PART_OF, ROOM_ROWS, SUM
from simulator.sensors.shading.runs import find_runs
from simulator.sensors.shading.sky import dome_of, fade, sky_at
from simulator.sensors.shading.tiles import LEVELS, SIDE, bilinear, level_start, tiles
from simulator.sensors.shading.tone import gamma_table, tone_row
from simulator.sensors.shading.weather import light_of
from simulator.world.world import CLEAR_NOON


def weather(**changes):
    return tuple(float(changes.pop(name, value)) for name, value in zip(Weather._fields, CLEAR_NOON, strict=True))


# --- runs


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 70), st.sampled_from([1, 2, 5, 30]))
def test_runs_hold_each_pixels_samples_once(seed, width, stretch):
    random = np.random.default_rng(seed)
    padded = 2 * width + LANES
    numbers = [np.repeat(random.integers(-1, 6, padded), stretch)[:padded] for _ in range(2)]
    rows = np.stack(numbers if random.random() < 0.5 else [numbers[0], numbers[0]])
    rows = rows.astype(np.int32)
    room = np.zeros((ROOM_ROWS, width + LANES), np.float32)
    triangle = np.empty(4 * width + 4, np.int32)
    first, end, slot = (np.empty(4 * width + 4, np.int64) for _ in range(3))
    buffer = np.concatenate([np.full((3, padded), 7, np.int32), rows])
    n = find_runs(buffer, 3, width, np.empty((5, 4), np.int64), room, triangle, first, end, slot)
    told = [{} for _ in range(width)]
    for k in range(n):
        for x in range(first[k], end[k]):
            assert triangle[k] not in told[x]
            told[x][triangle[k]] = 4.0 * room[PART_OF + slot[k], x]
    for x in range(width):
        samples = rows[:, 2 * x : 2 * x + 2].ravel()
        assert told[x] == {t: float((samples == t).sum()) for t in set(samples.tolist())}


# --- tone


def shown(light):
    """Bytes red, green, blue of equal light in all three."""
    columns = len(light) + LANES
    room = np.zeros((SUM + 3, columns), np.float32)
    room[SUM:, : len(light)] = light
    pixels = np.zeros(len(light), np.uint32)
    tone_row(room, SUM, np.zeros((1, columns), np.uint32), pixels)
    return np.stack([(pixels >> shift) & 255 for shift in (16, 8, 0, 24)])


def test_light_that_is_not_bright_is_shown_in_srgb():
    light = np.linspace(0.0, 0.55, 400, dtype=np.float32)
    exact = np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.maximum(light, 1e-9) ** (1 / 2.4) - 0.055) * 255
    out = shown(light)
    assert np.abs(out[:3] - exact).max() <= 0.52
    assert (out[3] == 255).all()


def test_brighter_light_is_never_darker_and_never_overflows():
    out = shown(np.concatenate([[-1.0], np.geomspace(1e-4, 1e6, 3000)]).astype(np.float32))
    assert (np.diff(out[0]) >= 0).all()
    assert out[0, 0] == 0
    assert out[0, -1] == 255


def test_the_neutral_gamma_changes_nothing_and_more_is_brighter():
    assert (gamma_table(2.2) == np.arange(256)).all()
    assert gamma_table(4.4)[64] > 100 > gamma_table(2.2)[64] > 40 > gamma_table(1.1)[64]
    assert gamma_table(3.0)[0] == 0
    assert gamma_table(3.0)[255] == 255


@njit
def fades(x):
    out = np.empty_like(x)
    for k in range(len(x)):
        out[k] = fade(x[k])
    return out


def test_fade_is_the_exponential():
    x = np.linspace(0.0, 8.0, 200, dtype=np.float32)
    assert fades(x) == pytest.approx(np.exp(-x), abs=0.006)
    assert (np.diff(fades(np.geomspace(0.01, 1e6, 500).astype(np.float32))) <= 0.0).all()


# --- light


def luminance(red, green, blue):
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def sunlight(light):
    return luminance(light.sun_r, light.sun_g, light.sun_b)


def skylight(light):
    return luminance(light.sky_r, light.sky_g, light.sky_b)


def test_the_sun_stands_where_the_weather_says():
    light = light_of(weather(sun_azimuth_angle=90.0, sun_altitude_angle=30.0))
    assert (light.to_sun_x, light.to_sun_y, light.to_sun_z) == pytest.approx((0.0, np.sqrt(0.75), 0.5), abs=1e-6)


def test_light_falls_with_the_sun_and_turns_red():
    suns = [light_of(weather(sun_altitude_angle=a)) for a in (60, 25, 8, 2, -2, -30)]
    assert [sunlight(light) for light in suns] == sorted((sunlight(light) for light in suns), reverse=True)
    assert sunlight(suns[-1]) == 0.0
    assert suns[3].sun_r / suns[3].sun_b > 2.0 * suns[0].sun_r / suns[0].sun_b
    skies = [skylight(light) for light in suns]
    assert skies[0] > 5 * skies[-1] > 0.0
    assert [int(light.lamps_on) for light in suns] == [0, 0, 0, 1, 1, 1]


def test_clouds_take_the_sun_and_leave_the_sky():
    clear, covered = light_of(weather(cloudiness=0)), light_of(weather(cloudiness=100))
    assert sunlight(covered) < 0.06 * sunlight(clear)
    assert skylight(covered) > 0.7 * skylight(clear)
    assert abs(covered.sky_r - covered.sky_b) < 0.3 * abs(clear.sky_r - clear.sky_b)  # grey


@pytest.mark.parametrize("name", ["fog_density", "dust_storm", "precipitation"])
def test_more_of_it_lets_one_see_less_far(name):
    air = [light_of(weather(**{name: value})).fog_per_m for value in (0, 10, 30, 60, 100)]
    assert air == sorted(air)
    assert air[-1] > 5 * air[0]


def test_a_cameras_gain_is_on_all_light():
    one, two = light_of(CLEAR_NOON), light_of(CLEAR_NOON, 2.0)
    assert sunlight(two) == pytest.approx(2 * sunlight(one))
    assert two.zenith_b == pytest.approx(2 * one.zenith_b)
    assert two.fog_per_m == one.fog_per_m


# --- sky


@njit
def look(dome, directions):
    out = np.empty((len(directions), 3), np.float32)
    for k in range(len(directions)):
        out[k] = sky_at(dome, directions[k, 0], directions[k, 1], directions[k, 2])
    return out


def direction(azimuth_deg, altitude_deg):
    a, h = np.radians(azimuth_deg), np.radians(altitude_deg)
    return np.stack([np.cos(h) * np.cos(a), np.cos(h) * np.sin(a), np.sin(h) + 0.0 * a], axis=-1).astype(np.float32)


def test_the_sky_is_bright_at_the_sun_and_blue_away_from_it():
    dome = dome_of(light_of(weather(cloudiness=0, sun_azimuth_angle=40, sun_altitude_angle=30)))
    at_sun, away = look(dome, np.stack([direction(40, 30), direction(220, 40)]))
    assert luminance(*at_sun) > 1.2 * luminance(*away)
    assert away[2] > 1.3 * away[0]


def test_the_horizon_has_no_seam():
    dome = dome_of(light_of(weather(cloudiness=50, sun_altitude_angle=5)))
    around = look(dome, direction(np.linspace(0, 360, 721), 0.0))
    below = look(dome, direction(np.linspace(0, 360, 721), -20.0))
    assert np.abs(np.diff(around, axis=0)).max() < 0.05
    assert np.abs(around - below).max() < 0.02
    assert np.isfinite(around).all()


def test_thick_fog_makes_one_grey_of_the_sky():
    dome = dome_of(light_of(weather(fog_density=100)))
    seen = look(dome, direction(np.linspace(0, 300, 9), np.linspace(0, 40, 9)))
    assert np.ptp(seen, axis=0).max() < 0.15


# --- textures


def test_levels_keep_the_mean():
    chains = tiles()
    for chain in chains:
        means = [(chain[level_start(k) : level_start(k) + (SIDE >> k) ** 2] & 255).mean() for k in range(LEVELS)]
        assert means == pytest.approx([means[0]] * LEVELS, abs=1.0)


def test_textures_repeat_without_a_seam():
    chain = tiles()[3]
    beside = [bilinear(chain, 0, SIDE, np.float32(SIDE * k - 0.01), np.float32(40.3)) for k in (0, 1, 5)]
    across = [bilinear(chain, 0, SIDE, np.float32(SIDE * k + 0.01), np.float32(40.3)) for k in (0, 1, 5)]
    assert beside == pytest.approx(across, abs=0.01)
    assert np.ptp(beside) < 1e-3
