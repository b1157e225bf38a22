#!/usr/bin/env python3
"""Creates the two tables with the keys and indexes of template.yaml, and nothing else of the stack.

    create_tables.py PREFIX     in the account and endpoint the environment names; says the tables' names in one line of JSON
"""

import json
import sys

import boto3
import cloudformation

KEPT = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")


def main(prefix: str) -> None:
    dynamodb = boto3.client("dynamodb")
    names = {}
    for role, logical_id in {"watchlist": "WatchlistTable", "directory": "DirectoryTable"}.items():
        said = cloudformation.properties(logical_id)
        names[role] = f"{prefix}-{role}"
        dynamodb.create_table(TableName=names[role], **{key: said[key] for key in KEPT if key in said})
    for name in names.values():
        dynamodb.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
    print(json.dumps(names))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
