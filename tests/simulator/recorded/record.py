"""Records what the official client sends: python -m tests.simulator.recorded.record

A server that knows no world answers every call with the simplest value of its result type and writes down
the bytes of each request. They go to requests.txt: one line a request, its name and its bytes in hex.
"""

import asyncio
import contextlib
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import msgpack
import numpy as np

from simulator.protocol import rpc, state, stream, structs, wire
from simulator.protocol.commands import SpawnActor
from simulator.protocol.enums import AttributeType, StateFlags
from simulator.protocol.v0_9_16 import V0_9_16

HERE = Path(__file__).parent
STATE_STREAM = 1

MAP = """<?xml version="1.0"?><OpenDRIVE><header revMajor="1" revMinor="4" name="Line"/>
<road name="0" length="200" id="0" junction="-1"><planView><geometry s="0" x="0" y="0" hdg="0" length="200"><line/>
</geometry></planView><lanes><laneSection s="0"><center><lane id="0" type="none" level="false"/></center><right>
<lane id="-1" type="driving" level="false"><width sOffset="0" a="3.5" b="0" c="0" d="0"/></lane></right></laneSection>
</lanes></road></OpenDRIVE>"""

ZERO = structs.Vector3(0.0, 0.0, 0.0)
ATTRIBUTES = [
    ("role_name", AttributeType.STRING, "hero", ["hero", "autopilot"], True, False),
    ("color", AttributeType.RGB_COLOR, "255,0,17", [], True, False),
    ("number_of_wheels", AttributeType.INT, "4", [], False, False),
    ("sticky_control", AttributeType.BOOL, "true", [], True, True),
    ("sensor_tick", AttributeType.FLOAT, "0.05", [], True, False),
]
DEFINITIONS = [
    structs.ActorDefinition(
        uid, name, name.replace(".", ","), [structs.AttributeDefinition(*attribute) for attribute in ATTRIBUTES]
    )
    for uid, name in enumerate(
        [
            "vehicle.lincoln.mkz_2020",
            "walker.pedestrian.0001",
            "sensor.other.gnss",
            "traffic.traffic_light",
            "sensor.camera.rgb",
            "sensor.other.v2x_custom",
        ],
        1,
    )
]


def simplest(wire_type: wire.WireType) -> Any:
    """Some valid value of a type."""
    if isinstance(wire_type, wire.Struct):
        return wire_type.cls._make(simplest(field) for field in wire_type.fields.values())
    if isinstance(wire_type, wire.Pair):
        return simplest(wire_type.first), simplest(wire_type.second)
    if isinstance(wire_type, wire.List):
        return [simplest(wire_type.element)]
    if isinstance(wire_type, wire.Wrapped):
        return simplest(wire_type.element)
    if isinstance(wire_type, wire.Optional):
        return None
    return {int: 1, float: 0.5, bool: True, str: "text", bytes: b"", list: []}[wire_type.exact]


class Recorder:
    """The server."""

    def __init__(self) -> None:
        self.recorded: dict[str, list[bytes]] = {}
        self.port = 0
        self.stream_port = 0
        self.frame = 1
        self.actors: dict[int, structs.Actor] = {}
        self.readers: list[asyncio.StreamWriter] = []
        self.episode = 7

    def spawn(self, description: structs.ActorDescription) -> structs.Actor:
        actor_id = len(self.actors) + 100
        token = stream.pack_token(actor_id, self.stream_port) if description.id.startswith("sensor") else b""
        box = structs.BoundingBox(ZERO, structs.Vector3(1.0, 1.0, 1.0), structs.Rotation(0.0, 0.0, 0.0), actor_id)
        actor = structs.Actor(actor_id, 0, description, box, b"\x0e", token)
        self.actors[actor_id] = actor
        return actor

    def answer(self, request: rpc.Request, args: tuple[Any, ...]) -> Any:
        """The result of one call."""
        match request.method:
            case "version":
                return "0.9.16"
            case "get_required_files":
                return []
            case "get_episode_info":
                return structs.EpisodeInfo(self.episode, stream.pack_token(STATE_STREAM, self.stream_port))
            case "get_sensor_token":
                return stream.pack_token(args[0], self.stream_port)
            case "get_gbuffer_token":
                return stream.pack_token(9, self.stream_port)
            case "get_episode_settings":
                return structs.EpisodeSettings(synchronous_mode=True)
            case "set_episode_settings":
                return self.frame
            case "load_new_episode":
                self.episode += 1
                return None
            case "tick_cue":
                self.frame += 1
                self.publish()
                return self.frame
            case "get_actor_definitions":
                return DEFINITIONS
            case "get_actors_by_id":
                return [self.actors[actor_id] for actor_id in args[0] if actor_id in self.actors]
            case "spawn_actor" | "spawn_actor_with_parent":
                return self.spawn(args[0])
            case "get_spectator":
                return self.spawn(structs.ActorDescription(9, "spectator", []))
            case "get_map_data":
                return MAP
            case "get_traffic_manager_running":
                return "", 0
            case "is_traffic_manager_running":
                return True  # so that it asks where; with no address given it starts one of its own
            case "apply_batch":
                return [rpc.command_success(0 if type(command) is SpawnActor else command[0]) for command in args[0]]
        result = V0_9_16.calls[request.method].result
        return None if result is None else simplest(result)

    def publish(self) -> None:
        """Sends the state of this frame to whoever listens."""
        records = np.zeros(len(self.actors), state.ACTOR_RECORD)
        records["id"] = list(self.actors)
        records["state"] = 1
        message = state.encode_state(
            self.episode, 0.0, 0.05, StateFlags.MAP_CHANGE, self.frame, 0.05 * self.frame, records
        )
        self.readers = [writer for writer in self.readers if not writer.is_closing()]
        for writer in self.readers:
            writer.write(stream.frame(message))

    async def serve_calls(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One RPC connection: each request is written down, then answered."""
        parser, cutter = rpc.RequestParser(), msgpack.Unpacker()
        received, cut = b"", 0
        with contextlib.closing(writer), contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                received += data
                parser.feed(data)
                cutter.feed(data)
                for request in parser.requests():
                    cutter.skip()
                    raw, cut = received[cut : cutter.tell()], cutter.tell()
                    self.recorded.setdefault(request.method, []).append(raw)
                    call = V0_9_16.call(request.method)
                    if request.msgid is not None:
                        writer.write(call.reply(request.msgid, self.answer(request, call.decode(request.args))))

    async def serve_stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One subscription."""
        with contextlib.closing(writer), contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            if stream.SubscriptionParser().feed(await reader.readexactly(4)) == STATE_STREAM:
                self.readers.append(writer)
                self.publish()
            await reader.read()  # the client says no more, and goes

    async def run(self) -> str:
        """Serves until the client is done with its calls; returns what went wrong there, a line an error."""
        streams = await asyncio.start_server(self.serve_stream, "127.0.0.1", 0)
        calls = await asyncio.start_server(self.serve_calls, "127.0.0.1", 0)
        self.stream_port = streams.sockets[0].getsockname()[1]
        self.port = calls.sockets[0].getsockname()[1]
        with tempfile.TemporaryDirectory() as home:  # the client writes a cache under its home
            client = await asyncio.create_subprocess_exec(
                sys.executable,
                str(HERE / "client_calls.py"),
                "127.0.0.1",
                str(self.port),
                env={**os.environ, "HOME": home},
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
            )
            try:
                async with asyncio.timeout(60):
                    output, _ = await client.communicate()
            finally:
                if client.returncode is None:
                    client.kill()
                    await client.wait()
                for server in (streams, calls):
                    server.close()
        errors = [line for line in output.decode().splitlines() if not line.startswith("WARNING")]
        return "\n".join(errors) + (f"\nended with {client.returncode}" if client.returncode else "")


def main() -> None:
    recorder = Recorder()
    print(asyncio.run(recorder.run()))
    lines = []
    for method, messages in sorted(recorder.recorded.items()):
        by_content = {message[message.index(method.encode()) :]: message for message in messages}
        lines += [f"{method} {message.hex()}" for message in list(by_content.values())[:12]]
    (HERE / "requests.txt").write_text("\n".join(lines) + "\n")
    missing = sorted(V0_9_16.calls.keys() - recorder.recorded.keys())
    print(f"{len(recorder.recorded)} calls recorded, {len(lines)} requests; not recorded: {', '.join(missing)}")


if __name__ == "__main__":
    main()
