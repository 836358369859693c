"""Templates and votes go in; prompts of instruction, subject and question, fitted to the context, come out."""

from naze.prompts.fitting import POLICIES, Counter, Material, Policy, fit, fit_materials
from naze.prompts.languages import LANGUAGES, language_name, written_in
from naze.prompts.loading import BUILT_IN, column_template, explain_template, load_template, parse_template
from naze.prompts.offering import row_instruction
from naze.prompts.row_prompts import RowPrompts, TableRow
from naze.prompts.shortening import is_left_out_mark, leave_middle_out, left_out_mark
from naze.prompts.splitting import split_prompt
from naze.prompts.template import Template
from naze.prompts.vote_prompts import vote_prompt, vote_values

__all__ = [
    "BUILT_IN",
    "LANGUAGES",
    "POLICIES",
    "Counter",
    "Material",
    "Policy",
    "RowPrompts",
    "TableRow",
    "Template",
    "column_template",
    "explain_template",
    "fit",
    "fit_materials",
    "is_left_out_mark",
    "language_name",
    "leave_middle_out",
    "left_out_mark",
    "load_template",
    "parse_template",
    "row_instruction",
    "split_prompt",
    "vote_prompt",
    "vote_values",
    "written_in",
]
