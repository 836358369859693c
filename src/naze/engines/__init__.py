"""Engines answer prompts. One protocol (`protocol.py`), one file per engine, registered by entry point."""
