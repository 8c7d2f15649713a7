"""sensor.camera.dvs: an event camera, made of the pictures of an rgb camera.

A pixel tells when its brightness (or the logarithm of it) has changed by a threshold since it last told; between two
pictures brightness is taken to change evenly, so a pixel may tell several times, each at its own moment. The rules are
those of CARLA's DVSCamera.cpp, which follows Rebecq et al.: ESIM, an open event camera simulator, 2018.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.blueprints import number
from simulator.kernels import njit
from simulator.sensors.noise import normal

__all__ = ["EVENT", "DvsSpec", "DvsState", "dvs_spec", "read_dvs"]

F4 = NDArray[np.float32]

# As they travel, thirteen bytes each: t_ns is simulated time, polarity 1 brighter and 0 darker.
EVENT: Final = np.dtype([("x", "<u2"), ("y", "<u2"), ("t_ns", "<i8"), ("polarity", "u1")])

_SAME: Final = 1e-6  # smaller changes of brightness are none
_FINEST_THRESHOLD: Final = 0.001  # finer ones drown in single precision
_LONGEST_NS: Final = 1e18  # 30 years: for ever, and still a number of the kernels
_LEAST_THRESHOLD: Final = 0.01  # when thresholds are noisy


class DvsSpec(NamedTuple):
    positive_threshold: float
    negative_threshold: float
    positive_stddev: float  # of the thresholds, drawn anew for each pixel and picture
    negative_stddev: float
    refractory_ns: int  # for so long a pixel is silent after it told
    use_log: bool
    log_eps: float
    key: int  # noise.stable_key


class DvsState(NamedTuple):
    """What the pixels remember, [height, width]."""

    t_ns: int  # of the last picture
    brightness: F4
    told: F4  # brightness at the last crossing of a threshold
    told_ns: NDArray[np.int64]  # time of the last event, 0: none yet


def dvs_spec(attributes: Mapping[str, str], key: int) -> DvsSpec:
    """From an actor's attributes. ValueError for what cannot be built."""
    for name in ("positive_threshold", "negative_threshold"):
        if number(attributes[name]) < _FINEST_THRESHOLD:
            least = f"{_FINEST_THRESHOLD:g} or more"
            raise ValueError(f"{name} of an event camera must be {least}, and is {attributes[name]}.")
    use_log = attributes["use_log"].lower() == "true"
    if use_log and number(attributes["log_eps"]) <= 0.0:
        raise ValueError(f"log_eps of an event camera must be above 0, and is {attributes['log_eps']}.")
    return DvsSpec(
        number(attributes["positive_threshold"]),
        number(attributes["negative_threshold"]),
        number(attributes["sigma_positive_threshold"]),
        number(attributes["sigma_negative_threshold"]),
        int(min(max(number(attributes["refractory_period_ns"]), 0.0), _LONGEST_NS)),
        use_log,
        number(attributes["log_eps"]),
        key,
    )


def read_dvs(
    spec: DvsSpec, state: DvsState | None, bgra: NDArray[np.uint8], elapsed_s: float, frame: int
) -> tuple[NDArray[np.void], DvsState]:
    """EVENTs between the last picture and this one [height, width, 4], by time; none after the first (state None).

    Events of one moment are in the order of rows, then columns.
    """
    t_ns = int(elapsed_s * 1e9)
    brightness = np.empty(bgra.shape[:2], np.float32)
    _brightness(bgra, spec.use_log, np.float32(spec.log_eps), brightness)
    if state is None:
        return np.empty(0, EVENT), DvsState(t_ns, brightness, brightness, np.zeros(brightness.shape, np.int64))
    steps = np.empty(brightness.shape, np.float32)
    most = _count_crossings(
        state.brightness, brightness, state.told, spec.positive_threshold, spec.negative_threshold,
        spec.positive_stddev, spec.negative_stddev, spec.key, frame, steps,
    )  # fmt: skip
    told, told_ns = state.told.copy(), state.told_ns.copy()
    pixel, when, up = np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most, np.uint8)
    size = _tell(
        state.brightness, brightness, steps, told, told_ns, spec.refractory_ns, state.t_ns, t_ns, pixel, when, up
    )
    events = np.empty(size, EVENT)
    order = _by_time(when[:size] - state.t_ns)
    events["y"], events["x"] = np.divmod(pixel[order], bgra.shape[1])
    events["t_ns"] = when[order]
    events["polarity"] = up[order]
    return events, DvsState(t_ns, brightness, told, told_ns)


def _by_time(since_ns: NDArray[np.int64]) -> NDArray[np.int64]:
    """The stable order of times: sorted together with their places, which is faster than a stable sort."""
    bits = len(since_ns).bit_length()
    return np.sort(since_ns << bits | np.arange(len(since_ns))) & ((1 << bits) - 1)


@njit
def _brightness(bgra, use_log, eps, out):  # type: ignore[no-untyped-def]
    for y in range(bgra.shape[0]):
        for x in range(bgra.shape[1]):
            blue, green, red = bgra[y, x, 0], bgra[y, x, 1], bgra[y, x, 2]
            grey = np.float32(0.2989) * red + np.float32(0.587) * green + np.float32(0.114) * blue
            out[y, x] = np.log(eps + grey / np.float32(255.0)) if use_log else grey


@njit
def _count_crossings(  # type: ignore[no-untyped-def]
    before, after, told, rise, fall, rise_stddev, fall_stddev, key, frame, steps
):
    """The step of each pixel that changed: up by its threshold or down; and how many such steps there are in all."""
    count = 0
    for y in range(before.shape[0]):
        for x in range(before.shape[1]):
            was, now = before[y, x], after[y, x]
            if abs(now - was) <= _SAME:
                steps[y, x] = 0.0
                continue
            step, stddev = (rise, rise_stddev) if now > was else (fall, fall_stddev)
            if stddev > 0.0:
                step += stddev * normal(key, frame, y * before.shape[1] + x)
                step = max(_LEAST_THRESHOLD, step)
            steps[y, x] = step if now > was else -step
            level = told[y, x] + steps[y, x]
            while was < level <= now or now <= level < was:
                count += 1
                level += steps[y, x]
    return count


@njit
def _tell(before, after, steps, told, told_ns, refractory_ns, start_ns, end_ns, pixel, when, up):  # type: ignore[no-untyped-def]
    """The events, pixel by pixel; returns how many. Crossings in the refractory period move `told` alone."""
    size = 0
    for y in range(before.shape[0]):
        for x in range(before.shape[1]):
            step = steps[y, x]
            if step == 0.0:
                continue
            was, now = before[y, x], after[y, x]
            level = told[y, x] + step
            while was < level <= now or now <= level < was:
                part = np.float64(level - was) / np.float64(now - was)
                t = start_ns + np.int64(part * (end_ns - start_ns))
                if told_ns[y, x] == 0 or t - told_ns[y, x] >= refractory_ns:
                    pixel[size] = y * before.shape[1] + x
                    when[size] = t
                    up[size] = step > 0.0
                    size += 1
                    told_ns[y, x] = t
                told[y, x] = level
                level += step
    return size
