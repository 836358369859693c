"""Tables: files with many rows go in and out as streams of batches, in bounded memory."""

from naze.tables.files import kind_of
from naze.tables.fingerprint import fingerprint
from naze.tables.flatten import nested_as_json
from naze.tables.loose import PROBLEM
from naze.tables.opening import TEXT_SUFFIXES, OpenedTable, attached, open_table
from naze.tables.plain import PlainTable, plain_table
from naze.tables.read import read_batches, read_columns
from naze.tables.rows import BrokenRow, read_rows
from naze.tables.selecting import ROW, copy_rows
from naze.tables.write import write_table
from naze.tables.yaml_files import LinedYaml, read_lined_yaml, read_yaml

__all__ = [
    "PROBLEM",
    "ROW",
    "TEXT_SUFFIXES",
    "BrokenRow",
    "LinedYaml",
    "OpenedTable",
    "PlainTable",
    "attached",
    "copy_rows",
    "fingerprint",
    "kind_of",
    "nested_as_json",
    "open_table",
    "plain_table",
    "read_batches",
    "read_columns",
    "read_lined_yaml",
    "read_rows",
    "read_yaml",
    "write_table",
]
