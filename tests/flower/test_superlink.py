"""The example behind a SuperLink: three SuperNodes on the loopback, TLS, nodes that are authenticated, proofs that come later."""

from __future__ import annotations

import datetime
import ipaddress
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("flwr")

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from example import FOLDER, module

pytestmark = pytest.mark.slow
BIN = Path(sys.executable).parent
NODES = 3


class Processes:
    """Started in sessions of their own; what was started here is ended, and nothing else."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        path = f"{Path(__file__).resolve().parents[2] / 'python'}:{os.environ.get('PYTHONPATH', '')}"
        self.environment = os.environ | {
            "FLWR_HOME": str(folder / "flwr"), "FLWR_TELEMETRY_ENABLED": "0", "FLWR_DISABLE_UPDATE_CHECK": "1",
            "PATH": f"{BIN}:{os.environ['PATH']}", "PYTHONPATH": path.rstrip(":"),
        }  # fmt: skip
        (folder / "flwr").mkdir()
        self._started: list[subprocess.Popen[bytes]] = []

    def start(self, name: str, *command: str) -> None:
        with (self.folder / f"{name}.log").open("wb") as log:
            self._started.append(
                subprocess.Popen(
                    command, env=self.environment, stdout=log, stderr=log, cwd=self.folder, start_new_session=True
                )
            )

    def run(self, *command: str) -> str:
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False, timeout=280)
        return done.stdout + done.stderr

    def end(self) -> None:
        for number in (signal.SIGTERM, signal.SIGKILL):
            for process in self._started:
                if process.poll() is None:
                    os.killpg(process.pid, number)
            for process in self._started:
                try:
                    process.wait(8)
                except subprocess.TimeoutExpired:
                    continue


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    found = Processes(tmp_path)
    try:
        yield found
    finally:
        found.end()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_for(port: int) -> None:
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("no server")


def certificate(
    name: str, key: ec.EllipticCurvePrivateKey, by: ec.EllipticCurvePrivateKey, issuer: str, *, authority: bool
) -> bytes:
    """One of this test's own, for 127.0.0.1."""
    now = datetime.datetime.now(datetime.timezone.utc)

    def named(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])

    made = (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(1))
        .not_valid_after(now + datetime.timedelta(2))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), False)
    )
    if authority:
        usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
        made = made.add_extension(usage, True)
    else:
        address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        made = made.add_extension(x509.SubjectAlternativeName([address, x509.DNSName("localhost")]), False)
    return made.sign(by, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def certificates(folder: Path) -> tuple[list[str], str]:
    """Options of the SuperLink, and the root certificate."""
    authority, server = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root, own, key = folder / "root.crt", folder / "server.crt", folder / "server.key"
    root.write_bytes(certificate("root", authority, authority, "root", authority=True))
    own.write_bytes(certificate("localhost", server, authority, "root", authority=False))
    key.write_bytes(private(server, serialization.PrivateFormat.PKCS8))
    options = ["--ssl-ca-certfile", str(root), "--ssl-certfile", str(own), "--ssl-keyfile", str(key)]
    return [*options, "--enable-supernode-auth"], str(root)


def private(key: ec.EllipticCurvePrivateKey, form: Any) -> bytes:
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())


def line_key(path: Path) -> None:
    """A SuperNode's key: it says who is on the line, to the SuperLink."""
    key = ec.generate_private_key(ec.SECP384R1())
    path.write_bytes(private(key, serialization.PrivateFormat.OpenSSH))
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    path.with_suffix(".pub").write_bytes(public)


def test_rounds_behind_a_superlink(tmp_path: Path, processes: Processes) -> None:
    module("prepare").main(tmp_path, NODES)
    options, root = certificates(tmp_path)
    port, flwr = free_port(), str(BIN / "flwr")
    address = f"127.0.0.1:{port}"
    connection = {"address": address, "root-certificates": root}
    lines = [f"{key} = {json.dumps(value)}" for key, value in connection.items()]
    (tmp_path / "flwr" / "config.toml").write_text(
        '[superlink]\ndefault = "t"\n[superlink.t]\n' + "\n".join(lines) + "\n"
    )
    processes.start(
        "superlink", str(BIN / "flower-superlink"), *options, "--port", str(port), "--disable-runtime-dependency-installation"
    )  # fmt: skip
    wait_for(port)
    for node in range(1, NODES + 1):
        line_key(tmp_path / f"line-{node}")
        processes.run(flwr, "supernode", "register", str(tmp_path / f"line-{node}.pub"), "t")
        settings = f'tacit-node="{tmp_path}/hospital-{node}/node.toml"'
        processes.start(
            f"node-{node}", str(BIN / "flower-supernode"), "--root-certificates", root, "--superlink", address,
            "--port", str(free_port()), "--node-config", settings,
            "--auth-supernode-private-key", str(tmp_path / f"line-{node}"),
        )  # fmt: skip
    app = tmp_path / "app"
    app.mkdir()
    for name in ("client_app.py", "server_app.py", "pyproject.toml"):
        shutil.copy(FOLDER / name, app / name)
    config = f'server="{tmp_path}/server/server.toml" rounds=2 deferred=true timeout=120.0'
    said = processes.run(flwr, "run", str(app), "t", "--stream", "--run-config", config)
    assert f"verified {2 * NODES} updates" in said, said[-4000:]
    assert "round 2: accuracy" in said
    assert "refused" not in said
