"""Engines answer prompts. One protocol (`protocol.py`), one file per engine, registered by entry point."""

from naze.engines.catalogue import CatalogueModel, catalogue
from naze.engines.downloads import PullProgress
from naze.engines.protocol import Engine, EngineOptions, Identity, Model
from naze.engines.pull import models_folder, pull
from naze.engines.resolve import Resolution, check_gguf, engine_names, open_engine, resolve

__all__ = [
    "CatalogueModel",
    "Engine",
    "EngineOptions",
    "Identity",
    "Model",
    "PullProgress",
    "Resolution",
    "catalogue",
    "check_gguf",
    "engine_names",
    "models_folder",
    "open_engine",
    "pull",
    "resolve",
]
