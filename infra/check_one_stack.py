#!/usr/bin/env python3
"""Sees to it that what runs on AWS links one HTTP stack, one TLS stack and one crypto provider, and the command no AWS SDK.

Feature choices decide this, and the default ones are wrong: they bring two of each and double the binary.
"""

import subprocess
import sys
from collections import defaultdict

# What runs on AWS.
ON_AWS = ("lapsewatch-dispatcher", "lapsewatch-checker", "lapsewatch-unverifier")
# Exactly one version of each, where there is any.
ONE_VERSION = ("hyper", "rustls", "h2", "http", "http-body", "tokio-rustls", "hyper-rustls", "rustls-webpki", "aws-lc-rs")
PROVIDER = "aws-lc-rs"
NEVER = ("ring", "openssl", "openssl-sys", "native-tls", "rusqlite")
COMMAND = "lapsewatch"


def main() -> None:
    faults = [fault for package in ON_AWS for fault in function_faults(package)] + command_faults()
    if faults:
        sys.exit("\n".join(faults))
    print(f"{', '.join(ON_AWS)}: one hyper, one rustls, {PROVIDER} alone; {COMMAND}: no AWS SDK")


def function_faults(function: str) -> list[str]:
    linked = tree(function)
    faults = [f"{function} links {name} {' and '.join(sorted(linked[name]))}" for name in ONE_VERSION if len(linked[name]) > 1]
    faults += [f"{function} links {name}" for name in NEVER if name in linked]
    # A guard that looks at nothing would always be content.
    faults += [f"{function} does not link {name}: is this still the right guard?" for name in ("hyper", "rustls", PROVIDER) if name not in linked]
    return faults


def command_faults() -> list[str]:
    return [f"{COMMAND} links {name} without being asked to" for name in tree(COMMAND) if name.startswith("aws-sdk-")]


def tree(package: str) -> dict[str, set[str]]:
    """The versions of every crate that is linked into a package built by itself."""
    command = ["cargo", "tree", "--package", package, "--edges", "normal", "--prefix", "none", "--format", "{p}"]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    versions = defaultdict(set)
    for line in lines:
        name, version, *_ = line.split()
        versions[name].add(version)
    return versions


if __name__ == "__main__":
    main()
