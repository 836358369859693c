"""A function for `flow.yaml`: it gets all rows as one polars table and returns them with a column more."""

import polars


def lengths(rows: polars.DataFrame) -> polars.DataFrame:
    """Say which of the two responses is longer."""
    a, b = polars.col("response_a").str.len_chars(), polars.col("response_b").str.len_chars()
    longer = polars.when(a > b).then(polars.lit("a")).when(b > a).then(polars.lit("b"))
    return rows.with_columns(longer.alias("longer"))
