"""The event camera: on squares that brighten, against CARLA's loop over pixels written out plainly."""

from math import log

import numpy as np
import pytest
from numpy.typing import NDArray

from simulator.blueprints import catalogue
from simulator.sensors.dvs import EVENT, DvsSpec, dvs_spec, read_dvs


def spec_of(**given: str) -> DvsSpec:
    blueprint = catalogue().find("sensor.camera.dvs")
    assert blueprint is not None
    attributes = {attribute.id: attribute.default for attribute in blueprint}
    assert given.keys() <= attributes.keys()
    return dvs_spec(attributes | given, 1)


def picture(grey: NDArray[np.integer] | int, height: int = 24, width: int = 32) -> NDArray[np.uint8]:
    image = np.full((height, width, 4), 255, np.uint8)
    image[:, :, :3] = np.broadcast_to(np.asarray(grey, np.uint8), (height, width))[:, :, None]
    return image


def brightness(grey: float) -> float:
    return log(0.001 + grey * (0.2989 + 0.587 + 0.114) / 255)


def plainly(
    spec: DvsSpec, before: NDArray, now: NDArray, told: NDArray, told_ns: NDArray, t0: int, t1: int
) -> list[tuple[int, int, int, int]]:
    """What DVSCamera.cpp does, without noise; changes told and told_ns."""
    events = []
    for y in range(before.shape[0]):
        for x in range(before.shape[1]):
            a, b = float(before[y, x]), float(now[y, x])
            if abs(a - b) <= 1e-6:
                continue
            sign = 1.0 if b >= a else -1.0
            level = told[y, x]
            while True:
                level += sign * (spec.positive_threshold if sign > 0 else spec.negative_threshold)
                if not ((sign > 0 and a < level <= b) or (sign < 0 and b <= level < a)):
                    break
                t = t0 + int((level - a) * (t1 - t0) / (b - a))
                if told_ns[y, x] == 0 or t - told_ns[y, x] >= spec.refractory_ns:
                    events.append((x, y, t, int(sign > 0)))
                    told_ns[y, x] = t
                told[y, x] = level
    return sorted(events, key=lambda event: (event[2], event[1], event[0]))


def test_attributes() -> None:
    given = {"positive_threshold": "0.2", "negative_threshold": "0.4", "refractory_period_ns": "1000"}
    assert spec_of(**given) == DvsSpec(0.2, 0.4, 0.0, 0.0, 1000, True, 0.001, 1)
    assert not spec_of(use_log="false").use_log


@pytest.mark.parametrize(
    "given", [{"positive_threshold": "0"}, {"negative_threshold": "-0.3"}, {"log_eps": "0"}], ids=str
)
def test_what_cannot_be_built_is_refused_by_name(given: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=next(iter(given))):
        spec_of(**given)


def test_the_wire_layout_has_13_bytes() -> None:
    assert EVENT.itemsize == 13
    assert [EVENT.fields[name][1] for name in EVENT.names] == [0, 2, 4, 12]  # type: ignore[index, union-attr]


def test_a_square_that_brightens() -> None:
    dark, bright = np.full((24, 32), 40), np.full((24, 32), 40)
    bright[5:9, 10:20] = 120
    events, state = read_dvs(spec_of(), None, picture(dark), 1.0, 1)
    assert len(events) == 0
    events, state = read_dvs(spec_of(), state, picture(bright), 1.05, 2)
    rise = brightness(120) - brightness(40)
    count = int(rise / 0.3)
    assert count == 3
    assert len(events) == count * 40
    assert set(zip(events["x"].tolist(), events["y"].tolist(), strict=True)) == {
        (x, y) for x in range(10, 20) for y in range(5, 9)
    }
    assert (events["polarity"] == 1).all()
    expected = [1_000_000_000 + 0.3 * k / rise * 50_000_000 for k in range(1, count + 1)]
    assert np.unique(events["t_ns"]) == pytest.approx(expected, abs=100)
    # Of one moment: by rows, then columns.
    assert np.array_equal(events["y"][:40], np.repeat(np.arange(5, 9), 10))
    assert np.array_equal(events["x"][:40], np.tile(np.arange(10, 20), 4))
    # It darkens again: the other sign, from where it last told.
    events, state = read_dvs(spec_of(), state, picture(dark), 1.10, 3)
    assert (events["polarity"] == 0).all()
    assert len(events) == 40 * int((brightness(40) + 3 * 0.3 - brightness(40)) / 0.3 + 1e-6)
    assert (events["t_ns"] > 1_050_000_000).all()
    # And nothing changes: nothing is told.
    assert len(read_dvs(spec_of(), state, picture(dark), 1.15, 4)[0]) == 0


def test_small_steps_add_up() -> None:
    spec = spec_of(use_log="false", positive_threshold="10", negative_threshold="10")
    _, state = read_dvs(spec, None, picture(100), 0.0, 0)
    counts = []
    for frame, grey in enumerate([104, 108, 112, 116, 120, 121], 1):
        events, state = read_dvs(spec, state, picture(grey, 24, 32), frame * 0.1, frame)
        counts.append(len(events) // (24 * 32))
    assert counts == [0, 0, 1, 0, 0, 1]  # a grey of 120 is 119.99


def test_each_sign_has_its_threshold() -> None:
    spec = spec_of(use_log="false", positive_threshold="5", negative_threshold="20")
    _, state = read_dvs(spec, None, picture(100), 0.0, 0)
    up, state = read_dvs(spec, state, picture(151), 0.1, 1)
    down, _ = read_dvs(spec, state, picture(49), 0.2, 2)
    assert (len(up) // (24 * 32), len(down) // (24 * 32)) == (10, 5)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"refractory_period_ns": "9000000"},
        {"use_log": "false", "positive_threshold": "7", "negative_threshold": "3"},
    ],
    ids=["log", "refractory", "grey"],
)
def test_moving_noise_against_the_plain_loop(given: dict[str, str]) -> None:
    spec = spec_of(**given)
    rng = np.random.default_rng(4)
    images = [rng.integers(0, 256, (24, 32, 4), dtype=np.uint8) for _ in range(5)]
    images.insert(3, images[2])
    _, state = read_dvs(spec, None, images[0], 2.0, 0)
    told, told_ns, before = state.told.astype(float), np.zeros((24, 32), np.int64), state.brightness
    total = 0
    for frame, image in enumerate(images[1:], 1):
        events, state = read_dvs(spec, state, image, 2.0 + 0.05 * frame, frame)
        t0, t1 = (int((2.0 + 0.05 * k) * 1e9) for k in (frame - 1, frame))
        expected = plainly(spec, before, state.brightness, told, told_ns, t0, t1)
        before = state.brightness
        got = list(zip(*(events[name].tolist() for name in ("x", "y", "t_ns", "polarity")), strict=True))
        assert len(got) == len(expected)
        # Levels are single precision here: moments differ by that.
        key = lambda event: (event[1], event[0], event[2])  # noqa: E731
        for a, b in zip(sorted(got, key=key), sorted(expected, key=key), strict=True):
            assert (a[0], a[1], a[3]) == (b[0], b[1], b[3])
            assert abs(a[2] - b[2]) < 2000
        assert (np.diff(events["t_ns"]) >= 0).all()
        total += len(events)
    assert total > 1000


def test_brightness_weighs_colours_as_carla_does() -> None:
    image = picture(0, 1, 3)
    image[0, 0, 2] = image[0, 1, 1] = image[0, 2, 0] = 200  # red, green, blue
    _, state = read_dvs(spec_of(use_log="false"), None, image, 0.0, 0)
    assert state.brightness[0] == pytest.approx([0.2989 * 200, 0.587 * 200, 0.114 * 200], rel=1e-6)
    _, state = read_dvs(spec_of(), None, image, 0.0, 0)
    assert state.brightness[0, 1] == pytest.approx(log(0.001 + 0.587 * 200 / 255), rel=1e-5)


def test_noisy_thresholds() -> None:
    spec = spec_of(use_log="false", positive_threshold="50", sigma_positive_threshold="10")
    size = {"height": 100, "width": 100}
    _, state = read_dvs(spec, None, picture(100, **size), 0.0, 0)
    events, _ = read_dvs(spec, state, picture(160, **size), 1.0, 1)
    # A pixel tells when its threshold is below the change of 60: one standard deviation above the mean. Those below
    # 30, which tell twice, are beyond two deviations.
    first = len(np.unique(events["y"].astype(int) * 100 + events["x"]))
    assert first / 1e4 == pytest.approx(0.841, abs=0.015)
    twice = len(events) - first
    assert twice / 1e4 == pytest.approx(0.0228, abs=0.006)
    again, _ = read_dvs(spec, state, picture(160, **size), 1.0, 1)
    other, _ = read_dvs(spec, state, picture(160, **size), 1.0, 2)
    assert events.tobytes() == again.tobytes()
    assert events.tobytes() != other.tobytes()


def test_a_state_is_not_changed() -> None:
    _, state = read_dvs(spec_of(), None, picture(20), 0.0, 0)
    copies = [np.array(part) for part in state]
    one, _ = read_dvs(spec_of(), state, picture(200), 0.1, 1)
    two, _ = read_dvs(spec_of(), state, picture(200), 0.1, 1)
    assert one.tobytes() == two.tobytes()
    assert all(np.array_equal(a, np.array(b)) for a, b in zip(copies, state, strict=True))
