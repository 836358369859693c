"""Templates and votes go in; prompts of instruction, subject and question, fitted to the context, come out."""

from naze.prompts.fitting import POLICIES, Counter, Policy, fit
from naze.prompts.languages import LANGUAGES, language_name, written_in
from naze.prompts.loading import BUILT_IN, explain_template, load_template, parse_template
from naze.prompts.shortening import leave_middle_out, left_out_mark
from naze.prompts.template import Template
from naze.prompts.vote_prompts import vote_prompt, vote_values

__all__ = [
    "BUILT_IN",
    "LANGUAGES",
    "POLICIES",
    "Counter",
    "Policy",
    "Template",
    "explain_template",
    "fit",
    "language_name",
    "leave_middle_out",
    "left_out_mark",
    "load_template",
    "parse_template",
    "vote_prompt",
    "vote_values",
    "written_in",
]
