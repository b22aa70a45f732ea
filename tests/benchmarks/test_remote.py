"""``melanoma-bench run --host`` by a real OpenSSH server where there is one, else a stand-in."""

import getpass
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmarks.cli import app
from benchmarks.merged import read_results
from benchmarks.remote import RemoteHost
from edge_runtime.errors import DeviceError, InputError

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
STAND_IN_SSH = """#!/bin/sh
# ssh -o BatchMode=yes HOST COMMAND
[ "$3" = user@board ] || { echo "no route to $3" >&2; exit 255; }
cd / && exec sh -c "$4"
"""
STAND_IN_SCP = """#!/bin/sh
# scp -q -r -p -o BatchMode=yes SOURCE TARGET
exec cp -rp "${6#user@board:}" "${7#user@board:}"
"""


def script(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.fixture
def bench_there(tmp_path: Path) -> Path:
    root = Path(__file__).parents[2]
    return script(
        tmp_path / "melanoma-bench",
        f'#!/bin/sh\nPYTHONPATH="{root}" exec "{sys.executable}" -m benchmarks "$@"\n',
    )


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A host that is this one, without a server."""
    tools = tmp_path / "tools"
    tools.mkdir()
    script(tools / "ssh", STAND_IN_SSH)
    script(tools / "scp", STAND_IN_SCP)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    monkeypatch.setenv("TMPDIR", str(tmp_path / "there"))
    (tmp_path / "there").mkdir()
    return "user@board"


def command(world, host: str, bench: Path, out: Path) -> list[str]:
    return [
        *("run", str(world.models), "--data", str(world.data), "--host", host),
        *("--host-command", str(bench), "--queries", "2", "--pictures", "9", "--out", str(out)),
    ]


def check_results(world, out: Path, stdout: str) -> None:
    (run,) = read_results(out).runs
    assert [row.variant for row in run.models] == ["keras", "float32", "int8"]
    assert (run.pictures.pictures, run.pictures.chosen_by) == (9, "scores.csv")
    assert "device code" in stdout
    assert (out / "accuracy_latency.png").is_file()
    assert {path.name for path in world.models.iterdir()} == {
        "scores.csv",
        "tiny_none_32_float32.tflite",
        "tiny_none_32_int8.tflite",
    }


def test_models_and_a_slice_go_there_and_results_come_back(
    shared_world, stand_in, bench_there, tmp_path
):
    out = tmp_path / "out"
    result = CliRunner().invoke(
        app, command(shared_world, stand_in, bench_there, out), catch_exceptions=False
    )
    assert result.exit_code == 0, result.output
    check_results(shared_world, out, result.stdout)
    assert list((tmp_path / "there").iterdir()) == []  # nothing is left there


@pytest.mark.usefixtures("stand_in")
def test_an_unreachable_host(shared_world, bench_there, tmp_path):
    arguments = command(shared_world, "user@nowhere", bench_there, tmp_path / "out")
    with pytest.raises(DeviceError, match="no route to user@nowhere"):
        CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert not list(tmp_path.glob("out*"))


def test_a_host_without_the_software(shared_world, stand_in, tmp_path):
    arguments = command(shared_world, stand_in, tmp_path / "absent", tmp_path / "out")
    with pytest.raises(DeviceError, match="status 127"):
        CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert list((tmp_path / "there").iterdir()) == []


@pytest.mark.parametrize("name", ["", "-oProxyCommand=touch x", "two words"])
def test_names_that_ssh_would_take_for_options(name):
    with pytest.raises(InputError, match="user@pi"):
        RemoteHost(name=name, command="melanoma-bench")


def test_files_of_this_host_are_no_baselines_there(shared_world, stand_in, bench_there, tmp_path):
    arguments = command(shared_world, stand_in, bench_there, tmp_path / "out")
    with pytest.raises(InputError, match="--published"):
        CliRunner().invoke(
            app,
            [*arguments, "--published", str(shared_world.model("int8"))],
            catch_exceptions=False,
        )


@pytest.fixture
def server(tmp_path: Path) -> Iterator[int]:
    """Port of a server of this user, which ends with the test."""
    for name in ("host", "key"):
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / name)], check=True
        )
    shutil.copy(tmp_path / "key.pub", tmp_path / "authorized")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (tmp_path / "sshd_config").write_text(
        f"ListenAddress 127.0.0.1:{port}\nHostKey {tmp_path / 'host'}\n"
        f"AuthorizedKeysFile {tmp_path / 'authorized'}\nStrictModes no\nUsePAM no\n"
        f"PidFile {tmp_path / 'pid'}\nPermitRootLogin yes\nSubsystem sftp internal-sftp\n"
    )
    command = [str(SSHD), "-D", "-e", "-f", str(tmp_path / "sshd_config")]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            for _ in range(100):
                if (tmp_path / "pid").exists() or process.poll() is not None:
                    break
                time.sleep(0.05)
            if process.poll() is not None:
                pytest.skip("the OpenSSH server does not start for this user")
            yield port
        finally:
            process.terminate()


@pytest.mark.skipif(SSHD is None, reason="no OpenSSH server is installed")
def test_by_a_real_server(shared_world, server, bench_there, tmp_path, monkeypatch):
    config = tmp_path / "config"
    config.write_text(
        f"Host board\n HostName 127.0.0.1\n Port {server}\n User {getpass.getuser()}\n"
        f" IdentityFile {tmp_path / 'key'}\n StrictHostKeyChecking no\n"
        f" UserKnownHostsFile {tmp_path / 'known'}\n LogLevel ERROR\n"
    )
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("ssh", "scp"):
        script(tools / name, f'#!/bin/sh\nexec {shutil.which(name)} -F {config} "$@"\n')
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    out = tmp_path / "out"
    result = CliRunner().invoke(
        app, command(shared_world, "board", bench_there, out), catch_exceptions=False
    )
    assert result.exit_code == 0, result.output
    check_results(shared_world, out, result.stdout)
