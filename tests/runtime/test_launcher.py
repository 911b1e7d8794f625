"""The launcher's plain parts: what it refuses and in which words, and that it never trusts a mere process number."""

import ast
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from launcher import ports, postgres, process, running, servers, state, supervisor, system, valkey, venv
from launcher.state import Refusal

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def run_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("PLUMBLINE_RUN_DIR", str(tmp_path / "run"))
    (tmp_path / "run").mkdir()
    return tmp_path / "run"


def finished_process() -> int:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def test_an_old_python_can_read_the_entry_and_so_prints_the_sentence():
    ast.parse((ROOT / "bin" / "plumbline").read_text(), feature_version=(3, 5))


@pytest.mark.parametrize("text", ["abc", "0", "65536", "-1", "80 80", "٨"])
def test_a_port_that_is_none_is_refused(monkeypatch, text):
    monkeypatch.setenv("PORT", text)
    with pytest.raises(Refusal, match="PORT must be a number from 1 to 65535"):
        ports.chosen()


def test_a_port_in_use_names_the_program_and_another_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(Refusal) as refusal:
            ports.check_free("127.0.0.1", port)
    other = port + 1 if port < 65535 else port - 1
    assert f"(process {os.getpid()})" in str(refusal.value)
    assert f"`make run PORT={other}`" in str(refusal.value)


def test_a_free_port_is_not_refused():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    ports.check_free("127.0.0.1", port)


def test_a_refusal_is_one_sentence_without_traceback(run_folder):
    done = subprocess.run(
        [sys.executable, ROOT / "bin" / "plumbline", "run"],
        env=os.environ | {"PORT": "many"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == "PORT must be a number from 1 to 65535, not 'many': for example `make run PORT=8001`.\n"


def test_env_lines_are_read_as_written(tmp_path):
    file = tmp_path / "env"
    state.write_env(file, {"DATABASE_URL": "postgresql://plumbline@/plumbline?host=/a/b", "EMPTY": ""})
    assert state.read_env(file) == {"DATABASE_URL": "postgresql://plumbline@/plumbline?host=/a/b", "EMPTY": ""}


def test_env_comments_and_stray_lines_are_passed_over(tmp_path):
    file = tmp_path / "env"
    file.write_text("# NAME=no\n\nstray\n  A = b=c \n")
    assert state.read_env(file) == {"A": "b=c"}
    assert state.read_env(tmp_path / "none") == {}


def test_sockets_lie_in_the_run_folder_when_the_path_is_short_and_plain():
    assert state.socket_dir(Path("/srv/plumbline/.run")) == Path("/srv/plumbline/.run/sock")


@pytest.mark.parametrize("folder", ["/" + "long" * 30, "/with space", "/with,comma", "/mit-ümlaut"])
def test_sockets_move_to_a_short_folder_of_their_own_otherwise(folder):
    found = state.socket_dir(Path(folder))
    assert not str(found).startswith(folder)
    assert len(str(found / ".s.PGSQL.5432.lock")) < state.SOCKET_PATH_LIMIT
    assert found != state.socket_dir(Path(folder + "2"))


def test_a_private_folder_is_closed_to_others_and_never_a_link(tmp_path):
    (tmp_path / "open").mkdir(mode=0o755)
    assert state.make_private(tmp_path / "open").stat().st_mode & 0o777 == 0o700
    (tmp_path / "link").symlink_to(tmp_path / "open")
    with pytest.raises(Refusal, match="belongs to another user"):
        state.make_private(tmp_path / "link")


def test_a_held_lock_refuses_and_is_free_again_after(tmp_path):
    lock = tmp_path / "lock"
    with state.locked(lock, wait=0, busy="taken"):
        assert state.is_locked(lock)
        with pytest.raises(Refusal, match="taken"), state.locked(lock, wait=0, busy="taken"):
            pass
    assert not state.is_locked(lock)


def test_a_finished_process_is_not_alive_even_as_a_zombie():
    assert process.alive(os.getpid())
    assert not process.alive(finished_process())
    child = subprocess.Popen([sys.executable, "-c", ""])
    deadline = time.monotonic() + 10
    while process.alive(child.pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert child.returncode is None, "nobody has waited for it: it is a zombie now"
    assert not process.alive(child.pid)
    child.wait()


def test_a_stale_pid_file_of_postgres_is_seen_through(run_folder):
    cluster = postgres.Cluster(run_folder, postgres.Identity(), run_folder / "pg", run_folder / "sock", throw_away=True)
    cluster.data.mkdir()
    assert postgres.running(cluster) is None
    for pid in ("", "no number", str(finished_process()), str(os.getpid())):  # the last one lives, elsewhere
        (cluster.data / "postmaster.pid").write_text(f"{pid}\n{cluster.data}\n")
        assert postgres.running(cluster) is None


def test_stopping_clears_what_a_killed_postgres_left(run_folder):
    cluster = postgres.Cluster(run_folder, postgres.Identity(), run_folder / "pg", run_folder / "sock", throw_away=True)
    left = [cluster.data / "postmaster.pid", cluster.sockets / ".s.PGSQL.5432", cluster.sockets / ".s.PGSQL.5432.lock"]
    for file in left:
        file.parent.mkdir(exist_ok=True)
        file.write_text(str(os.getpid()))
    assert postgres.stop(cluster) is False
    assert not any(file.exists() for file in left)


def test_a_stale_pid_file_of_valkey_is_seen_through(run_folder):
    server = valkey.Server(run_folder)
    for pid in ("", str(finished_process()), str(os.getpid())):
        server.pid_file.write_text(pid)
        assert valkey.running(server) is None


def test_given_addresses_mean_no_embedded_server(run_folder, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://db/plumbline")
    monkeypatch.setenv("REDIS_URL", "redis://cache/0")
    monkeypatch.delenv("KEEP_DATABASE_URL", raising=False)
    monkeypatch.delenv("KEEP_REDIS_URL", raising=False)
    assert servers.start() == []
    assert not (run_folder / "pg").exists()
    assert servers.down() == []
    assert servers.addresses()["DATABASE_URL"] == "postgresql://db/plumbline"
    assert servers.outside(test=True) == {}, "tests never touch a server that was meant for the product"


def test_missing_packages_are_named_and_the_command_told(run_folder, monkeypatch, capsys):
    absent = system.Package("libfoo1", "PDF", lambda: False)
    monkeypatch.setattr(system.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(system.shutil, "which", lambda name: "/usr/bin/apt-get" if name == "apt-get" else None)
    with pytest.raises(Refusal, match="as root type `apt-get install --no-install-recommends libfoo1`"):
        system.ensure([absent, system.Package("libbar1", "PDF", lambda: True)])
    assert capsys.readouterr().out == "Installing system packages for PDF: libfoo1\n"


def test_a_full_disk_is_refused_before_anything_starts(run_folder, monkeypatch):
    monkeypatch.setattr(system.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 12_000_000})())
    with pytest.raises(Refusal, match="has 12 MB free and Plumbline needs"):
        system.check_room()


def test_the_environment_is_remade_when_the_lock_changes(tmp_path, monkeypatch):
    monkeypatch.setattr(venv, "LOCK_FILE", tmp_path / "requirements.txt")
    venv.LOCK_FILE.write_text("django==5.2.1\n")
    before = venv.key()
    venv.LOCK_FILE.write_text("django==5.2.2\n")
    assert venv.key() != before


def test_reset_without_a_terminal_needs_confirm(run_folder, monkeypatch):
    monkeypatch.delenv("CONFIRM", raising=False)
    monkeypatch.setattr(running.sys, "stdin", open(os.devnull))  # noqa: SIM115
    (run_folder / "demo.json").write_text("{}")
    with pytest.raises(Refusal, match="make reset CONFIRM=1"):
        running.reset()
    assert (run_folder / "demo.json").exists()


def test_a_crashed_child_comes_back_and_all_end_together(run_folder, capsys):
    child = supervisor.Child("sleeper", ["sleep", "60"])
    seen: list[dict[str, int]] = []
    watched = supervisor.Supervisor([child], changed=seen.append)
    watched.tick()
    first = watched.pids()["sleeper"]
    os.kill(first, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while watched.pids().get("sleeper") in {None, first} and time.monotonic() < deadline:
        child.due = min(child.due, time.monotonic())  # not waiting for the pause itself
        watched.tick()
        time.sleep(0.01)
    second = watched.pids()["sleeper"]
    assert second != first
    assert "sleeper ended (exit code -9); starting it again in 1 s" in capsys.readouterr().out
    watched.stop()
    assert not process.alive(second)
    assert seen[-1] == {}


def test_pauses_between_crashes_double_up_to_half_a_minute(run_folder, capsys):
    child = supervisor.Child("web", ["false"])
    pauses = []
    for _ in range(7):
        child.started = time.monotonic()
        child.crashed()
        pauses.append(round(child.due - time.monotonic()))
    assert pauses == [1, 2, 4, 8, 16, 30, 30]
    child.started = time.monotonic() - supervisor.STEADY_SECONDS - 1
    child.crashed()
    assert round(child.due - time.monotonic()) == 1, "an hour of service is not held against it"


def test_an_ipv6_address_is_written_in_brackets():
    assert "[::1]:8000" in supervisor.commands("::1", 8000)["web"]
    assert "127.0.0.1:8000" in supervisor.commands("127.0.0.1", 8000)["web"]
