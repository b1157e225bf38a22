#!/usr/bin/env python3
"""Runs ministack, the AWS emulator, on loopback for as long as somebody needs it.

    local_stack.py serve            until standard input ends, Ctrl-C or SIGTERM; says its endpoint in one line of JSON
    local_stack.py run COMMAND…     for as long as COMMAND runs; COMMAND finds the endpoint in LAPSEWATCH_LOCAL_STACK

Whatever way it ends, the emulator, the functions it started and the files it wrote are gone.
"""

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from supervise import Stopped, stop_at_end_of_input, supervised

READY_WITHIN_SECONDS = 60
# What the emulator would otherwise open or start besides its one port.
SWITCHED_OFF = {"SFTP_ENABLED": "0", "IOT_MTLS_ENABLED": "0", "DOCKER_HOST": "unix:///nonexistent"}
DUMMY_CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


def main(arguments: list[str]) -> int:
    try:
        match arguments:
            case ["serve"]:
                return serve()
            case ["run", *command] if command:
                return run(command)
            case _:
                print(__doc__, file=sys.stderr)
                return 2
    except Stopped:
        return 0


def serve() -> int:
    with emulator() as (endpoint, process):
        print(json.dumps({"endpoint": endpoint}), flush=True)
        stop_at_end_of_input()
        process.wait()
        print(f"ministack ended by itself: {process.returncode}", file=sys.stderr)
        return 1


def run(command: list[str]) -> int:
    with emulator() as (endpoint, _):
        environment = os.environ | DUMMY_CREDENTIALS | {"LAPSEWATCH_LOCAL_STACK": endpoint}
        return subprocess.run(command, env=environment, check=False).returncode


@contextlib.contextmanager
def emulator():
    """Starts the emulator; gives its endpoint and its process once it answers."""
    port = free_port()
    endpoint = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory(prefix="lapsewatch-local-stack-") as home:
        settings = {
            # Its default is every interface, and the key to it is no secret.
            "BIND_HOST": "127.0.0.1",
            # Roles and policies count: a function may do what its role allows, and "test" is the account's root.
            "AUTH": "true",
            "MINISTACK_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(port),
            "AWS_ENDPOINT_URL": endpoint,
            "TMPDIR": home,
            "STATE_DIR": f"{home}/state",
            "S3_DATA_DIR": f"{home}/s3",
            "LOG_LEVEL": os.environ.get("MINISTACK_LOG_LEVEL", "WARNING"),
        }
        environment = os.environ | DUMMY_CREDENTIALS | SWITCHED_OFF | settings
        with supervised([Path(sys.executable).with_name("ministack")], environment, stdout=sys.stderr) as process:
            wait_until_ready(endpoint, process)
            yield endpoint, process


def wait_until_ready(endpoint: str, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            sys.exit(f"ministack ended while starting: {process.returncode}")
        with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
            with urllib.request.urlopen(f"{endpoint}/_ministack/ready", timeout=2) as answer:
                if answer.status == 200:
                    return
        time.sleep(0.05)
    sys.exit(f"ministack did not answer within {READY_WITHIN_SECONDS} s")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
