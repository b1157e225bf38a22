#!/usr/bin/env python3
"""Deploys template.yaml into the AWS emulator that AWS_ENDPOINT_URL names, by `sam deploy`.

    deploy_local.py --functions DIRECTORY [--stack NAME] [PARAMETER=VALUE]…

DIRECTORY holds the functions' binaries as the host's cargo built them (`lapsewatch-checker`) or as `sam build` did
(`CheckerFunction/bootstrap`). The parameters come on top of those of the environment `local` in samconfig.toml.
Says the stack's outputs in one line of JSON.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import boto3
import cloudformation

SAMCONFIG = cloudformation.TEMPLATE.with_name("samconfig.toml")
# What the stand-in Fastly is told to accept.
FASTLY_TOKEN = "local-token"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--functions", type=Path, required=True)
    parser.add_argument("--stack", default="lapsewatch-local")
    parser.add_argument("parameters", nargs="*", metavar="PARAMETER=VALUE")
    given = parser.parse_args()
    endpoint = os.environ["AWS_ENDPOINT_URL"]

    parameters = dict(pair.split("=", 1) for pair in local_parameters() + given.parameters)
    parameters.setdefault("AwsEndpointUrl", endpoint)
    with tempfile.TemporaryDirectory(prefix="lapsewatch-deploy-") as directory:
        sam_deploy(given.stack, built_template(given.functions, Path(directory)), parameters)
    outputs = stack_outputs(given.stack)
    use_whole_numbers()
    boto3.client("secretsmanager").put_secret_value(SecretId=outputs["FastlySecret"], SecretString=FASTLY_TOKEN)
    print(json.dumps(outputs))


def local_parameters() -> list[str]:
    return tomllib.loads(SAMCONFIG.read_text())["local"]["global"]["parameters"]["parameter_overrides"]


def built_template(functions: Path, directory: Path) -> Path:
    """What `sam build` leaves: the template, and each function's directory with its `bootstrap`."""
    template = cloudformation.TEMPLATE.read_text()
    for logical_id, resource in cloudformation.template()["Resources"].items():
        if resource["Type"] == "AWS::Serverless::Function":
            source = resource["Properties"]["CodeUri"]
            (directory / logical_id).mkdir()
            bootstrap = directory / logical_id / "bootstrap"
            shutil.copy(binary(functions, logical_id, Path(source).name), bootstrap)
            # Only this copy loses its debug information: it goes through a zip file and the emulator's memory.
            subprocess.run(["strip", "--strip-debug", bootstrap], check=False)
            template = re.sub(rf"(CodeUri:) {re.escape(source)}$", rf"\1 {logical_id}", template, flags=re.MULTILINE)
    path = directory / "template.yaml"
    path.write_text(template)
    return path


def binary(functions: Path, logical_id: str, name: str) -> Path:
    candidates = [functions / logical_id / "bootstrap", functions / f"lapsewatch-{name}"]
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    sys.exit(f"there is no binary of the {name}: neither {candidates[0]} nor {candidates[1]}")


def sam_deploy(stack: str, template: Path, parameters: dict[str, str]) -> None:
    command = [Path(sys.executable).with_name("sam"), "deploy", "--config-file", SAMCONFIG, "--config-env", "local"]
    command += ["--stack-name", stack, "--template-file", template]
    command += ["--parameter-overrides", *(f"{name}={value}" for name, value in parameters.items() if value)]
    deployed = subprocess.run(command, env=os.environ | {"SAM_CLI_TELEMETRY": "0"}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if deployed.returncode != 0:
        sys.exit(f"sam deploy failed:\n{deployed.stdout}")


def use_whole_numbers() -> None:
    """CloudFormation's parameters are strings. AWS turns them into the numbers it needs; the emulator leaves that to us."""
    functions = boto3.client("lambda")
    for mapping in functions.list_event_source_mappings()["EventSourceMappings"]:
        limit = int(mapping["ScalingConfig"]["MaximumConcurrency"])
        functions.update_event_source_mapping(UUID=mapping["UUID"], ScalingConfig={"MaximumConcurrency": limit})


def stack_outputs(stack: str) -> dict[str, str]:
    described = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}


if __name__ == "__main__":
    main()
