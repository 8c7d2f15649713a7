"""The independent peer: the official client understands an answer of every result type."""

import asyncio

import pytest

from simulator.protocol.v0_9_16 import V0_9_16
from tests.simulator.recorded.record import Recorder
from tests.simulator.test_protocol_recorded import NOT_RECORDED

pytest.importorskip("carla", reason="needs the official client")


def test_client_makes_its_calls_and_understands_the_answers() -> None:
    recorder = Recorder()
    assert asyncio.run(recorder.run()) == ""
    assert recorder.recorded.keys() >= V0_9_16.calls.keys() - NOT_RECORDED
