"""An answer to a prompt with a schema goes in; the same answer, or an INVALID one with the reason, comes out.

Engines enforce a schema while they generate; a text that was cut at its largest number of tokens, or a server
that ignores the schema, is found here all the same.
"""

import json
from dataclasses import replace
from functools import lru_cache

import jsonschema_rs

from naze.errors import ConfigurationError
from naze.records import Answer, FinishReason, Prompt, Status


def validate_answer(prompt: Prompt, answer: Answer) -> Answer:
    """Check an answered prompt's text against the prompt's schema.

    What a grammar does not enforce (`schemas.py`) is checked here alone, `format` included.

    Args:
        prompt: what was asked.
        answer: what came of it; only an ANSWERED one is looked at.

    Returns:
        The answer as it is, or INVALID with the text kept and the reason: where, what was found.

    Raises:
        ConfigurationError: the schema itself is not valid.
    """
    if prompt.schema is None or answer.status is not Status.ANSWERED or answer.text is None:
        return answer
    try:
        value = json.loads(answer.text)
    except ValueError as error:
        reason = f"the text is no JSON: {error}"
        if answer.finish_reason is FinishReason.LENGTH:
            reason = f"the text was cut after {answer.generated_tokens} tokens and is no whole JSON"
        return replace(answer, status=Status.INVALID, reason=reason)
    try:
        _validator(prompt.schema).validate(value)
    except jsonschema_rs.ValidationError as error:
        place = "/".join(map(str, error.instance_path)) or "the whole"
        return replace(
            answer, status=Status.INVALID, reason=f"against the schema at {place}: {error.message}"
        )
    return answer


def check_schema(schema: str) -> None:
    """Make sure that a JSON Schema is one.

    Raises:
        ConfigurationError: it is not valid; says what is wrong.
    """
    _validator(schema)


@lru_cache(maxsize=64)
def _validator(schema: str) -> "jsonschema_rs.Validator":
    try:
        return jsonschema_rs.validator_for(json.loads(schema), validate_formats=True)
    except ValueError as error:
        raise ConfigurationError(
            f"the JSON Schema is not valid: {error}. It reads: {schema[:200]}"
        ) from error
