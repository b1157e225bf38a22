"""Reads template.yaml as plain data, so that what is said there need not be said a second time."""

from pathlib import Path

import yaml

TEMPLATE = Path(__file__).resolve().parent.parent / "template.yaml"


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short tags: `!Ref X` becomes `{"Ref": "X"}`."""


def _short_tag(loader: yaml.Loader, suffix: str, node: yaml.Node):
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    match node:
        case yaml.ScalarNode():
            value = loader.construct_scalar(node)
        case yaml.SequenceNode():
            value = loader.construct_sequence(node, deep=True)
        case _:
            value = loader.construct_mapping(node, deep=True)
    return {name: value}


_Loader.add_multi_constructor("!", _short_tag)


def template() -> dict:
    return yaml.load(TEMPLATE.read_text(), Loader=_Loader)


def properties(logical_id: str) -> dict:
    return template()["Resources"][logical_id]["Properties"]
