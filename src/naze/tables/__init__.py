"""Tables: files with many rows go in and out as streams of batches, in bounded memory."""

from naze.tables.fingerprint import fingerprint
from naze.tables.read import read_batches, read_columns
from naze.tables.rows import BrokenRow, read_rows
from naze.tables.write import write_table

__all__ = ["BrokenRow", "fingerprint", "read_batches", "read_columns", "read_rows", "write_table"]
