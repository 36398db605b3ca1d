"""A sweep on two Ray nodes, one of which is lost: `make test-ray`, since Ray has a lock of its own."""

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed: make test-ray"),
]

ROOT = Path(__file__).parents[2]
SWEEP = ("-m", "variant=none,random_over,smote", "seed=range(0,8)", "evaluate.repeats=1", "tracking=none")
RUNS = 24


class Node:
    """A node of a cluster on this machine, with one processor and an address on loopback of its own."""

    def __init__(self, host, *arguments, folder, log):
        # Ports that nobody has, since both nodes stand on one machine, and maybe others too.
        ports = ("--min-worker-port", "0", "--max-worker-port", "0", "--dashboard-agent-listen-port", "0")
        size = ("--num-cpus", "1", "--object-store-memory", "80000000")
        self.log = log
        with log.open("w") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "ray.scripts.scripts", "start", "--block", "--disable-usage-stats"]
                + ["--node-ip-address", host, *size, *ports, *arguments],
                cwd=folder,
                env={**os.environ, "PYTHONPATH": str(ROOT), "RAY_USAGE_STATS_ENABLED": "0"},
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    def everything(self):
        """Its processes, the raylet's first of all."""
        below = psutil.Process(self.process.pid).children(recursive=True)
        return sorted(below, key=lambda process: process.name() != "raylet")

    def busy(self):
        """Its workers that make a job now: Ray names them so."""
        found = []
        for process in self.everything():
            with suppress(psutil.NoSuchProcess):
                if process.cmdline()[:1] == ["ray::_run_job"] and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found

    def kill(self):
        """Let it vanish as a machine does."""
        with suppress(psutil.NoSuchProcess):
            for process in [*self.everything(), psutil.Process(self.process.pid)]:
                with suppress(psutil.NoSuchProcess):
                    process.send_signal(signal.SIGKILL)
        self.process.wait(timeout=60)


def wait_for(condition, *, alive, what):
    """What `condition()` returns once it is true; fails if `alive`, a process, ends before."""
    for _ in range(6000):
        if found := condition():
            return found
        assert alive.poll() is None, f"ended before: {what}"
        time.sleep(0.02)
    pytest.fail(f"never came: {what}")


@pytest.fixture
def cluster(sweeps, free_port, tmp_path, monkeypatch):
    """The address of a cluster of two nodes, and the nodes, the head first."""
    # On some machines Ray takes loopback for the network, and asks for a token that only the head then has.
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    address = f"127.0.0.1:{free_port()}"
    folder = tempfile.mkdtemp(prefix="ray-")  # tmp_path is too long for Ray's sockets
    head = ["--head", "--port", address.rpartition(":")[2], "--include-dashboard", "false", "--temp-dir", folder]
    head += ["--ray-client-server-port", str(free_port())]
    nodes = []
    try:
        for host, arguments in (("127.0.0.1", head), ("127.0.0.2", ["--address", address])):
            elsewhere = tmp_path / host  # a cluster is there before any project
            elsewhere.mkdir()
            node = Node(host, *arguments, folder=elsewhere, log=tmp_path / f"{host}.log")
            nodes.append(node)
            wait_for(lambda log=node.log: "--block" in log.read_text(), alive=node.process, what=f"Ray at {host}")
        yield address, nodes
    finally:
        for node in reversed(nodes):
            node.kill()
        shutil.rmtree(folder, ignore_errors=True)


def test_a_sweep_uses_both_nodes_of_a_ray_cluster_and_loses_nothing_with_one(sweeps, cluster):
    sweeps.make("basic", *SWEEP)
    address, (head, other) = cluster
    sweep = sweeps.begin("ray", *SWEEP, "hydra/launcher=ray", f"hydra.launcher.ray.init.address={address}")
    (first,) = wait_for(head.busy, alive=sweep, what="a job on the head")
    first.suspend()  # so that whatever is finished now comes from the other node
    wait_for(lambda: sweeps.results("ray"), alive=sweep, what="a run of the other node")

    def caught():
        for worker in other.busy():
            worker.suspend()
            if other.busy():
                return True
            worker.resume()
        return False

    wait_for(caught, alive=sweep, what="a job on the other node, in the middle")
    other.kill()
    first.resume()
    out, _ = sweep.communicate(timeout=600)
    assert sweep.returncode == 0, out
    assert "Warning" not in out
    assert f"{RUNS} of {RUNS} finished" in out
    expected = sweeps.results("basic")
    assert len(expected) == 2 * RUNS
    assert sweeps.results("ray") == expected
    assert [list((node.log.parent / host).iterdir()) for node, host in ((head, "127.0.0.1"), (other, "127.0.0.2"))] == [
        [],
        [],
    ]
