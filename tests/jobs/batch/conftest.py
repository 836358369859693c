"""Batch files to run, and the contract to hold what comes out against."""

import json
from pathlib import Path

import jsonschema_rs
import pytest

CONTRACT = json.loads(Path(__file__).with_name("contract.json").read_text())


def request(custom_id="a", url="/v1/chat/completions", method="POST", **body):
    body = {"model": "some-model", "temperature": 0, **body}
    if url.endswith("embeddings"):
        del body["temperature"]
    elif url.endswith("chat/completions"):
        body = {"messages": [{"role": "user", "content": f"Hello {custom_id}"}], "max_tokens": 6, **body}
    return {"custom_id": custom_id, "method": method, "url": url, "body": body}


@pytest.fixture
def make():
    """Makes one request, by its custom_id, url and the fields of its body."""
    return request


@pytest.fixture
def write(tmp_path):
    """Writes requests, or texts as they stand, as a batch file; returns its path."""

    def write(*lines, name="requests.jsonl"):
        path = tmp_path / name
        texts = [
            line if isinstance(line, str | bytes) else json.dumps(line, ensure_ascii=False) for line in lines
        ]
        path.write_bytes(
            b"".join((text if isinstance(text, bytes) else text.encode()) + b"\n" for text in texts)
        )
        return path

    return write


@pytest.fixture
def read():
    """Reads a file of results as a dictionary by custom_id."""

    def read(path):
        lines = [json.loads(line) for line in Path(path).read_text("utf-8").splitlines()]
        return {line["custom_id"]: line for line in lines}

    return read


@pytest.fixture
def keeps_the_contract():
    """Holds a value against one definition of contract.json."""

    def check(name, value):
        schema = {"$defs": CONTRACT["$defs"], "$ref": f"#/$defs/{name.replace('/', '~1')}"}
        jsonschema_rs.validator_for(schema).validate(value)

    return check
