"""A prepared model goes in; its tokenizer, ready to cut texts into tokens, comes out.

OpenVINO GenAI makes a tokenizer of a GGUF file's vocabulary every time it is opened: 3 seconds for 49,000 tokens, 12 for
152,000. What it makes is kept beside the converted weights, and loads in a fraction of a second.
"""

import shutil
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from filelock import FileLock

from naze.engines.openvino_prepare import Prepared

__all__ = ["load_tokenizer"]

_FILES = (
    "openvino_tokenizer.xml",
    "openvino_tokenizer.bin",
    "openvino_detokenizer.xml",
    "openvino_detokenizer.bin",
)


def load_tokenizer(prepared: Prepared) -> Any:  # noqa: ANN401 - a package without types
    """Load a model's tokenizer (`openvino_genai.Tokenizer`), keeping what was made of a GGUF file for the next time.

    Args:
        prepared: the OpenVINO files.

    Raises:
        RuntimeError: OpenVINO cannot read it.
    """
    import openvino_genai as genai

    source = prepared.tokenizer_source
    if not source.is_file():
        return genai.Tokenizer(str(source))
    # What another version made may be wrong, or in a form that this one does not read.
    kept = prepared.folder / f"tokenizer-{version('openvino-tokenizers')}"
    for _ in range(2):
        if _whole(kept):
            try:
                return genai.Tokenizer(str(kept))
            except RuntimeError:  # damaged: it is made anew
                shutil.rmtree(kept, ignore_errors=True)
        try:
            with FileLock(prepared.folder.with_suffix(".lock")):
                if not _whole(kept):
                    return _made(source, kept)
        except OSError:  # a cache that may only be read, a full disk, a system without links
            break
    return genai.Tokenizer(str(source))


def _whole(folder: Path) -> bool:
    return all((folder / name).is_file() for name in _FILES)


def _made(source: Path, kept: Path) -> Any:  # noqa: ANN401 - a package without types
    """Make a tokenizer of a GGUF file, and keep it.

    Raises:
        OSError: it cannot be kept.
    """
    import openvino_genai as genai

    shutil.rmtree(kept, ignore_errors=True)
    aside = Path(tempfile.mkdtemp(prefix=f".{kept.name}-", dir=kept.parent))
    try:
        # Its files are written beside the GGUF file: another name for that file decides where.
        named = aside / source.name
        named.symlink_to(source.resolve())
        made = genai.Tokenizer(str(named), enable_save_ov_model=True)
        named.unlink()
        if _whole(aside):
            aside.rename(kept)
        return made
    finally:
        shutil.rmtree(aside, ignore_errors=True)
