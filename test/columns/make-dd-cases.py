"""Writes dd-cases.json: what DataDesigner itself makes of conditions to skip, answers with code, and scores of a judge.

Usage: python make-dd-cases.py > dd-cases.json, with data-designer 0.9.6 installed.
"""

import json
import logging
import sys
from enum import Enum

from data_designer.engine.column_generators.utils.judge_score_factory import _coerce_score_value
from data_designer.engine.dataset_builders.utils.skip_evaluator import evaluate_skip_when
from data_designer.engine.models.recipes.response_recipes import CodeResponseRecipe

logging.disable(logging.CRITICAL)

WHENS = [
    "{{ x }}", "{{ x == 0 }}", "{{ x and y }}", "{{ x or y }}", "{{ not x }}", "{% if x %}True{% endif %}",
    "{% if x %}1{% else %}0{% endif %}", "{{ x }}{{ y }}", "{{ x | length == 0 }}", "{{ x is none }}", "{{ x > 1 }}",
    "{{ x.a == 1 }}", "{{ x in [0, 1] }}", "\n{{ x }}\n", "{{ x }} ",
]  # fmt: skip
VALUES = [
    0, 1, "", "0", "0.0", "False", "false", "null", "None", "[]", "[0]", "{}", '{"a": 1}', None, True, False, 2.5, " ", "abc",
    [], [1], {}, {"a": 1}, {"a": "1"}, "''", "-0", "1e3", "nan", "no", "FALSE", "1, 2",
]  # fmt: skip
FENCE = "```"
ANSWERS = [
    f"{FENCE}python\nprint(1)\n{FENCE}",
    f"Here:\n\n{FENCE}python\nprint(1)\n{FENCE}\nThat is it.",
    f"{FENCE}\nprint(1)\n{FENCE}",
    f"{FENCE}python\na\n{FENCE}\n\n{FENCE}python\nb\n{FENCE}",
    f"{FENCE}python\na\n{FENCE}\n\n{FENCE}bash\nb\n{FENCE}",
    "no code",
    "~~~python\nx\n~~~",
    f"1. a\n   {FENCE}python\n   x\n   {FENCE}",
    f"{FENCE}python\nx = 1",
    f"text\n{FENCE}python\nif a:\n    b\n{FENCE}",
    f"{FENCE}{FENCE}python\na\n{FENCE}\nb\n{FENCE}{FENCE}",
    f"{FENCE}python title=1\nx\n{FENCE}",
    f'{FENCE}python\na < b and c > "d" & e\n{FENCE}',
    f"{FENCE}python\n\n  indented\n{FENCE}",
    f"inline {FENCE}x{FENCE} here",
    f'{FENCE}python\ndef f():\n    """\n    {FENCE}\n    x\n    {FENCE}\n    """\n{FENCE}',
    f"<b>hi</b>\n{FENCE}python\nx\n{FENCE}",
]
SCORES = [
    ([1, 2, 3], [1, "1", " 2\n", 2.0, 2.5, "2.0", True, False, None, "one", 4, [1]]),
    ([0, 1], [True, False, "true", 0, "0"]),
    (["Good", "Bad", "True", "7"], ["Good", "good", " BAD ", True, False, 7, 7.0, "best", None]),
    (["Good", "GOOD"], ["good", "Good", "GOOD"]),
]


def code(answer):
    try:
        return CodeResponseRecipe("python").parse(answer)
    except Exception:
        return None


def coerced(options, score):
    kind = Enum("Kind", {f"VALUE_{option}": option for option in options})
    return _coerce_score_value(score, kind)


json.dump(
    {
        "skip": [
            {"when": when, "skipped": [int(evaluate_skip_when(when, {"x": value, "y": 1})) for value in VALUES]} for when in WHENS
        ],
        "values": VALUES,
        "code": [{"answer": answer, "code": code(answer)} for answer in ANSWERS],
        "scores": [
            {"options": options, "said": score, "meant": coerced(options, score)} for options, scores in SCORES for score in scores
        ],
    },
    sys.stdout,
    indent=1,
)
