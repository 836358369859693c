"""Votes go in; how likely each result of the next vote is comes out. So far: what can be counted in texts."""

__all__: list[str] = []
