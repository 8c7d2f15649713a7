"""python -m simulator and serve(): what a person or a program sees of it, in processes of their own."""

import contextlib
import json
import logging
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgpack
import pytest

import simulator
from simulator.cache import CACHE_DIR
from simulator.launch import SimulatorFailed
from simulator.protocol import structs
from simulator.server.logs import Dam, OneLine, printable
from tests.simulator.live import Listener, Wire, synchronous

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "simulator"]
PROMPT_S = 1.0  # half of that on a machine of its own


def run(*options: str, **popen: Any) -> subprocess.CompletedProcess[str]:
    """To its end, which comes by itself where the options are wrong."""
    return subprocess.run([*COMMAND, *options], cwd=ROOT, capture_output=True, text=True, timeout=60, **popen)


class Started:
    """A simulator that has said that it is ready."""

    def __init__(self, process: subprocess.Popen[str], ready: dict[str, Any]) -> None:
        self.process = process
        self.ready = ready
        self.port: int = ready["port"]
        self.stream_port: int = ready["stream_port"]

    def end(self, number: int = signal.SIGTERM) -> tuple[int, float, str]:
        """Exit code, how long it took, and what it had said on stderr."""
        began = time.monotonic()
        self.process.send_signal(number)
        code = self.process.wait(20)
        took = time.monotonic() - began
        assert self.process.stderr is not None
        return code, took, self.process.stderr.read()


@contextlib.contextmanager
def started(*options: str, **popen: Any) -> Iterator[Started]:
    process = subprocess.Popen(
        [*COMMAND, "--port", "0", *options],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="surrogateescape",
        **popen,
    )
    with process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert process.stderr is not None
            assert line, process.stderr.read()
            yield Started(process, json.loads(line))
        finally:
            process.kill()


def children_of(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        found += [int(child) for child in task.read_text().split()]
    return found


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_for(condition: Callable[[], Any], timeout_s: float = 20.0) -> Any:
    until = time.monotonic() + timeout_s
    while not (value := condition()):
        assert time.monotonic() < until
        time.sleep(0.005)
    return value


@pytest.fixture(scope="module", autouse=True)
def _compiled() -> None:
    """Kernels and the maps that are used here, so that no test waits for a compiler."""
    for town in ("Harbor", "Orchard"):
        with simulator.serve(town):
            pass


@pytest.fixture
def own_cache(tmp_path: Path) -> dict[str, str]:
    """An environment whose cache holds what is compiled by now; what a test leaves there can be looked at."""
    cache = tmp_path / "cache" / CACHE_DIR.name
    (cache / "maps").mkdir(parents=True)
    (cache / "kernels").symlink_to(CACHE_DIR / "kernels")
    for bake in (CACHE_DIR / "maps").glob("*.town"):
        (cache / "maps" / bake.name).symlink_to(bake)
    return {**os.environ, "XDG_CACHE_HOME": str(cache.parent)}


def slow_map() -> str:
    """A map that takes seconds to compile and that nobody has compiled before."""
    text = (ROOT / "simulator" / "towns" / "Quarter.xodr").read_text()
    return text.replace("</OpenDRIVE>", f"<!-- {time.time_ns()} --></OpenDRIVE>")


def load_slow_map(server: "Started", wire: Wire) -> int:
    """Begins to load it; returns the compiler's process."""
    parameters = structs.OpendriveParams(2.0, 50.0, 1.0, 0.6, True, True, True)
    wire.send("copy_opendrive_to_file", slow_map(), parameters)
    [compiler] = wait_for(lambda: children_of(server.process.pid))
    assert isinstance(compiler, int)
    return compiler


# --- options ----------------------------------------------------------------------------------------------------------


def test_help_teaches() -> None:
    done = run("--help")
    assert done.returncode == 0
    assert done.stderr == ""
    for words in ("--host", "--port", "--town", "--map-dir", "--seed", "--fps", "--no-rendering", "--state-hash"):
        assert words in done.stdout
    for words in ("python -m simulator --port 0", '"event": "ready"', "exit code 2", "carla"):
        assert words in done.stdout
    assert "end-with-parent" not in done.stdout


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--port", "abc"], "'abc' is no port: give a number from 0 to 65535"),
        (["--port", "-1"], "'-1' is no port: give a number from 0 to 65535"),
        (["--port", "70000"], "'70000' is no port: give a number from 0 to 65535"),
        (["--port", "65535"], "--port 65535 leaves no port for the streams, which take the next one"),
        (["--fps", "0"], "'0' is no frame rate: give a number from 1 to 1000"),
        (["--fps", "nan"], "'nan' is no frame rate: give a number from 1 to 1000"),
        (["--fps", "fast"], "'fast' is no frame rate: give a number from 1 to 1000"),
        (["--seed", "x"], "invalid int value: 'x'"),
        (["--gnss", "x"], "invalid choice: 'x'"),
        (["--speed", "x"], "unrecognized arguments: --speed x"),
        (["--map-dir", "/no/such/folder"], "--map-dir /no/such/folder is no folder"),
        (["--host", "no.such.host.invalid", "--port", "0"], "cannot listen on no.such.host.invalid, port 0: "),
        (["--host", "192.0.2.1", "--port", "0"], "cannot listen on 192.0.2.1, port 0: Cannot assign requested address"),
        (["--port", "0", "--state-hash", "/no/such/f"], "--state-hash /no/such/f cannot be written: No such file"),
        (["--port", "0", "--state-hash", "/"], "--state-hash / cannot be written: Is a directory"),
    ],
)
def test_a_wrong_option_is_one_sentence_and_exit_code_2(options: list[str], sentence: str) -> None:
    done = run(*options)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert done.stdout == ""
    (said,) = done.stderr.splitlines()
    assert said.startswith("simulator: ")


def test_a_user_without_a_home_is_told() -> None:
    code = """
import pathlib, sys
from simulator.__main__ import main

def home():
    raise RuntimeError("Could not determine home directory.")  # as Python does where there is neither HOME nor an entry

pathlib.Path.home = home
sys.exit(main(["--port", "0"]))
"""
    environment = {key: value for key, value in os.environ.items() if key != "XDG_CACHE_HOME"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "simulator: there is no home folder: set HOME to a folder that can be written\n"


def test_an_unknown_town_is_answered_with_the_known_ones() -> None:
    done = run("--port", "0", "--town", "Atlantis")
    assert done.returncode == 2
    assert "Atlantis" in done.stderr
    for town in ("Harbor", "Orchard", "Interchange", "Ridge", "Quarter"):
        assert town in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_bad_map_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "Broken.xodr").write_text("<OpenDRIVE><road/></OpenDRIVE>")
    done = run("--port", "0", "--town", "Broken", "--map-dir", str(tmp_path))
    assert done.returncode == 2
    *_, last = done.stderr.splitlines()
    assert last.startswith(f"simulator: {tmp_path / 'Broken.xodr'} ")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("taken", [0, 1], ids=["rpc", "streams"])
def test_a_taken_port_is_one_sentence_and_exit_code_2(tmp_path: Path, taken: int) -> None:
    hashes = tmp_path / "hashes"
    hashes.write_text("of the simulator that runs there\n")
    with two_free_ports() as (sockets, port):
        sockets[1 - taken].close()
        sockets[taken].listen()
        done = run("--port", str(port), "--state-hash", str(hashes))
    assert done.returncode == 2
    assert done.stderr == (
        f"simulator: port {port + taken} on 127.0.0.1 is taken: end what listens there, or give --port another number "
        "(it takes that and the next one; 0 takes free ones)\n"
    )
    assert hashes.read_text() == "of the simulator that runs there\n"


@contextlib.contextmanager
def two_free_ports() -> Iterator[tuple[list[socket.socket], int]]:
    """Two ports in a row, held."""
    for _ in range(100):
        with contextlib.ExitStack() as stack:
            first = stack.enter_context(socket.socket())
            first.bind(("127.0.0.1", 0))
            port = first.getsockname()[1]
            second = stack.enter_context(socket.socket())
            try:
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            yield [first, second], port
            return
    raise AssertionError("no two free ports in a row")


# --- ready, and the end -----------------------------------------------------------------------------------------------


def test_the_ready_line_can_be_read_by_a_machine() -> None:
    with started("--town", "Orchard") as server:
        assert server.ready == {
            "event": "ready",
            "host": "127.0.0.1",
            "port": server.port,
            "stream_port": server.stream_port,
            "pid": server.process.pid,
            "town": "Orchard",
        }
        with Wire(server.port) as wire:
            assert wire.call("version") == "0.9.16"
        code, _, said = server.end()
        assert (code, said) == (0, "")
        assert server.process.stdout is not None
        assert server.process.stdout.read() == ""


def test_it_is_ready_soon() -> None:
    """Under 2 s on a machine of its own (a benchmark says so); here others may use it too."""
    with started():
        pass  # compiles what is not compiled yet
    began = time.monotonic()
    with started():
        assert time.monotonic() - began < 6.0


def test_streams_have_the_next_port() -> None:
    with two_free_ports() as (sockets, port):
        for held in sockets:
            held.close()
        process = subprocess.Popen([*COMMAND, "--port", str(port)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        with process:
            assert process.stdout is not None
            ready = json.loads(process.stdout.readline())
            process.terminate()
    assert (ready["port"], ready["stream_port"]) == (port, port + 1)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_at_once(number: int) -> None:
    with started() as server, Wire(server.port) as wire, Listener(server.stream_port) as listener:
        assert listener.frame() > 0
        assert wire.call("version")
        code, took, said = server.end(number)
        assert (code, said) == (0, "")
        assert took < PROMPT_S
        assert wire.is_closed()


def test_a_signal_ends_it_while_a_tick_is_held() -> None:
    with started() as server, Wire(server.port) as wire:
        synchronous(wire)
        wire.call("get_sensor_token", 1)
        wire.call("tick_cue")  # waits 0.3 s for the subscription
        code, took, said = server.end()
        assert (code, said) == (0, "")
        assert took < PROMPT_S


def test_a_signal_ends_it_while_a_map_compiles_and_the_compiler_too(own_cache: dict[str, str]) -> None:
    with started(env=own_cache) as server, Wire(server.port) as wire:
        compiler = load_slow_map(server, wire)
        time.sleep(0.3)
        assert is_running(compiler)
        code, took, said = server.end()
        assert code == 0
        assert took < PROMPT_S
        assert not is_running(compiler)
        assert "Traceback" not in said
    assert not list(Path(own_cache["XDG_CACHE_HOME"]).rglob(".compile-*"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_before_it_is_ready(tmp_path: Path, number: int) -> None:
    (tmp_path / "Slow.xodr").write_text(slow_map())
    process = subprocess.Popen(
        [*COMMAND, "--port", "0", "--town", "Slow", "--map-dir", str(tmp_path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        [compiler] = wait_for(lambda: children_of(process.pid))
        time.sleep(0.2)
        began = time.monotonic()
        process.send_signal(number)
        assert process.wait(20) == 0
        assert time.monotonic() - began < PROMPT_S
        assert not is_running(compiler)
        assert process.stdout is not None
        assert process.stdout.read() == ""
        assert process.stderr is not None
        assert process.stderr.read() == "simulator: Slow: compiling the map, once\n"


def test_a_signal_does_not_wait_for_a_compiler_that_is_deep_in_one_call() -> None:
    code = """
import hashlib, os, signal
from simulator.__main__ import _beside

signal.signal(signal.SIGTERM, signal.default_int_handler)

def compile_something():
    print("at work", flush=True)
    hashlib.pbkdf2_hmac("sha256", b"", b"", 1_000_000_000)  # minutes, in which Python looks at no signal

try:
    _beside(compile_something, lambda: print("given up", flush=True))
except KeyboardInterrupt:
    os._exit(7)
"""
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "at work\n"
        began = time.monotonic()
        process.terminate()
        assert process.wait(20) == 7
        assert time.monotonic() - began < PROMPT_S
        assert process.stdout.read() == "given up\n"


@pytest.mark.parametrize("delay_s", [0.0, 1.5], ids=["as-it-starts", "at-work"])
def test_a_killed_server_leaves_no_compiler_behind(own_cache: dict[str, str], delay_s: float) -> None:
    with started(env=own_cache) as server, Wire(server.port) as wire:
        compiler = load_slow_map(server, wire)
        time.sleep(delay_s)
        server.process.kill()
        server.process.wait()
        wait_for(lambda: not is_running(compiler))


def test_a_port_is_free_again_at_once() -> None:
    with started() as server, Wire(server.port) as wire:
        assert wire.call("version")
        port = server.port
        server.end()
    process = subprocess.Popen(
        [*COMMAND, "--port", str(port)], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        line = process.stdout.readline()
        process.terminate()
        assert process.stderr is not None
        said = process.stderr.read()
    assert line or f"port {port + 1} on" in said  # its neighbour may be anybody's


# --- where its words go -----------------------------------------------------------------------------------------------


def test_nobody_reads_stdout() -> None:
    read, write = os.pipe()
    os.close(read)
    with two_free_ports() as (sockets, port):
        for held in sockets:
            held.close()
        process = subprocess.Popen(
            [*COMMAND, "--port", str(port)], cwd=ROOT, stdout=write, stderr=subprocess.PIPE, text=True
        )
        os.close(write)
        serves_and_ends(process, port)


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_stdout_or_stderr_is_closed(closed: str) -> None:
    with two_free_ports() as (sockets, port):
        for held in sockets:
            held.close()
        line = f'exec "$0" -m simulator --port {port} {closed}'
        process = subprocess.Popen(
            ["bash", "-c", line, sys.executable],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        serves_and_ends(process, port)


def serves_and_ends(process: subprocess.Popen[str], port: int) -> None:
    with process:
        try:
            wire = wait_for(lambda: try_to_connect(port))
            with wire:
                assert wire.call("version") == "0.9.16"
                wire.socket.sendall(b"\xc1")  # makes it say something
                assert wire.is_closed()
            process.terminate()
            assert process.wait(20) == 0
            assert process.stderr is not None
            assert "Traceback" not in process.stderr.read()
        finally:
            process.kill()


def try_to_connect(port: int) -> Wire | None:
    try:
        return Wire(port)
    except ConnectionRefusedError:
        return None


def test_what_clients_send_cannot_break_a_line_of_the_log() -> None:
    with started() as server, Wire(server.port) as wire:
        for name in ("x\nsimulator: all is well", "\udcff\udc80", "\x1b[2J\x1b[31m", "y" * 2_000_000, "\u2028", "\r"):
            data = msgpack.packb([0, 1, "load_new_episode", [[True], name, False, 0]], unicode_errors="surrogateescape")
            wire.socket.sendall(data)
            wire.receive()
        code, _, said = server.end()
    assert code == 0
    lines = said.split("\n")[:-1]
    assert len(lines) == 6
    assert all(line.startswith("simulator: load_new_episode refused: ") for line in lines)
    assert all(line.isprintable() and len(line) < 2000 for line in lines), lines
    assert "\\nsimulator: all is well" in lines[0]


def test_a_flood_of_lines_is_dammed() -> None:
    with started() as server:
        for _ in range(2000):
            with socket.create_connection(("127.0.0.1", server.port)) as peer:
                peer.sendall(b"\xc1")
        time.sleep(0.3)
        with Wire(server.port) as wire:
            assert wire.call("version") == "0.9.16"
            wire.socket.sendall(b"\xc1")
            assert wire.is_closed()
        code, _, said = server.end()
    lines = said.splitlines()
    assert code == 0
    assert 100 <= len(lines) < 300
    left_out = sum(int(line.split("(")[1].split()[0]) for line in lines if "lines left out" in line)
    assert left_out > 1000


def test_few_files_are_allowed() -> None:
    limit = 200

    def few() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))

    with started(preexec_fn=few) as server, Wire(server.port) as wire:
        peers = [
            socket.create_connection(("127.0.0.1", server.port if k % 2 else server.stream_port)) for k in range(400)
        ]
        assert wire.call("version") == "0.9.16"
        synchronous(wire)
        wire.call("load_new_episode", "Orchard", False, 0)  # has the files that it needs
        for peer in peers:
            peer.close()
        wait_for(lambda: try_version(server.port))
        code, _, said = server.end()
    assert code == 0
    assert "Traceback" not in said
    assert "too many connections" in said


def try_version(port: int) -> bool:
    try:
        with Wire(port) as wire:
            return bool(wire.call("version") == "0.9.16")
    except ConnectionError:
        return False


# --- --state-hash -----------------------------------------------------------------------------------------------------


def test_every_frame_and_its_hash(tmp_path: Path) -> None:
    hashes = tmp_path / "hashes"
    with started("--state-hash", str(hashes)) as server, Wire(server.port) as wire, Listener(server.stream_port) as own:
        synchronous(wire)
        for _ in range(20):
            target = wire.call("tick_cue")
        while own.frame() < target:
            pass
        assert server.end()[0] == 0
    lines = [line.split() for line in hashes.read_text().splitlines()]
    assert [int(frame) for frame, _ in lines] == list(range(1, len(lines) + 1))
    assert len(lines) >= target
    assert all(len(bytes.fromhex(value)) == 16 for _, value in lines)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_said_once_the_world_goes_on_and_the_exit_code_tells() -> None:
    with started("--state-hash", "/dev/full") as server, Wire(server.port) as wire, Listener(server.stream_port) as own:
        synchronous(wire)
        for _ in range(20):
            target = wire.call("tick_cue")
        while own.frame() < target:
            pass
        code, _, said = server.end()
    assert code == 1
    assert said == "simulator: --state-hash /dev/full ends before frame 1: No space left on device\n"


# --- serve() ----------------------------------------------------------------------------------------------------------


def test_two_at_once() -> None:
    with simulator.serve("Harbor") as one, simulator.serve("Orchard") as two:
        assert len({one.port, one.stream_port, two.port, two.stream_port}) == 4
        with Wire(one.port) as first, Wire(two.port) as second:
            assert first.call("get_map_info")[0] == "Carla/Maps/Harbor"
            assert second.call("get_map_info")[0] == "Carla/Maps/Orchard"
    assert not is_running(one.pid)
    assert not is_running(two.pid)


def test_an_exception_in_the_block_ends_it() -> None:
    with pytest.raises(KeyError, match="mine"), simulator.serve("Harbor") as server:
        raise KeyError("mine")
    assert server.process.returncode == 0


def test_a_simulator_that_ended_by_itself_is_no_error_at_the_end_of_the_block() -> None:
    with simulator.serve("Harbor") as server:
        server.process.kill()
        server.process.wait()
    assert server.process.returncode == -signal.SIGKILL


def test_options_reach_it(tmp_path: Path) -> None:
    hashes = tmp_path / "hashes"
    with simulator.serve("Harbor", no_rendering=True, state_hash=hashes, fps=100.0, seed=7) as server:
        with Wire(server.port) as wire:
            assert wire.call("get_episode_settings")[1] is True
        wait_for(lambda: hashes.read_text())


def test_it_fails_with_what_the_simulator_said(capfd: pytest.CaptureFixture[str]) -> None:
    with (
        pytest.raises(SimulatorFailed, match="ended with exit code 2 before it was ready"),
        simulator.serve("Atlantis"),
    ):
        pass
    assert "Atlantis" in capfd.readouterr().err


PROGRAM = """
import simulator, sys, threading, time
def start():
    server = simulator.serve("Harbor")
    running = server.__enter__()
    print(running.pid, running.port, flush=True)
    kept.append(server)
kept = []
thread = threading.Thread(target=start)   # that thread ends, and the simulator goes on
thread.start()
thread.join()
time.sleep(60)
"""


def test_it_ends_with_the_program_that_started_it_but_not_with_its_thread() -> None:
    program = subprocess.Popen([sys.executable, "-c", PROGRAM], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    with program:
        assert program.stdout is not None
        pid, port = (int(word) for word in program.stdout.readline().split())
        time.sleep(1.0)
        with Wire(port) as wire:
            assert wire.call("version") == "0.9.16"
        program.kill()
    wait_for(lambda: not is_running(pid), 3.0)


# --- the log alone ----------------------------------------------------------------------------------------------------


def record(message: str, *arguments: object, error: BaseException | None = None) -> logging.LogRecord:
    info = (type(error), error, None) if error else None
    return logging.LogRecord("simulator", logging.WARNING, "file", 1, message, arguments, info)


def test_text_for_a_terminal() -> None:
    assert printable("straße 12") == "straße 12"
    assert printable("a\nb\x1b\udc80") == "a\\nb\\x1b\\udc80"
    assert printable("x" * 50, most=10) == "x" * 10 + " ..."


def test_a_traceback_follows_in_lines_of_its_own() -> None:
    lines = OneLine().format(record("oh %s", "no", error=ValueError("a\nb"))).splitlines()
    assert lines[0] == "simulator: oh no"
    assert lines[1:] == ["  ValueError: a", "  b"]


def test_the_dam_lets_a_burst_through_and_then_some_a_second() -> None:
    now = 0.0
    dam = Dam(burst=5, per_second=2.0, clock=lambda: now)
    assert [dam.filter(record("x")) for _ in range(8)] == [True] * 5 + [False] * 3
    now = 1.0
    first = record("y %d", 1)
    assert dam.filter(first)
    assert first.getMessage() == "(3 lines left out) y 1"
    second = record("z")
    assert dam.filter(second)
    assert second.getMessage() == "z"
    assert not dam.filter(record("x"))
    now = 1000.0
    assert [dam.filter(record("x")) for _ in range(6)] == [True] * 5 + [False]
