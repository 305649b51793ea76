"""Writes agent-rollout-cases.json: what DataDesigner's own reader makes of test/fixtures/agent-rollout.

Run with a Python that has data-designer 0.9.6:  python test/seed/make-agent-rollout-cases.py
"""

import json
import logging
from pathlib import Path

from data_designer.config.seed_source import AgentRolloutSeedSource
from data_designer.engine.resources.seed_reader import AgentRolloutSeedReader
from data_designer.engine.secret_resolver import PlaintextResolver

FIXTURES = Path(__file__).parent.parent / "fixtures" / "agent-rollout"


class Left(logging.Handler):
    """Collects what the reader warns of."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage().replace(str(FIXTURES), "<fixtures>"))


left = Left()
logging.getLogger("data_designer").addHandler(left)
logging.getLogger().addHandler(left)


def rows_of(source: dict) -> list:
    reader = AgentRolloutSeedReader()
    reader.attach(AgentRolloutSeedSource(**source), PlaintextResolver())
    context = reader._get_filesystem_context()
    rows = []
    for manifest_row in reader.build_manifest(context=context):
        rows.extend(reader.hydrate_row(manifest_row=manifest_row, context=context))
    return json.loads(json.dumps(rows).replace(str(FIXTURES), "<fixtures>"))


cases = {}
for name in ["atif", "claude_code", "codex", "hermes_agent", "pi_coding_agent"]:
    for recursive in [True, False]:
        left.messages = []
        rows = rows_of({"format": name, "path": str(FIXTURES / name), "recursive": recursive})
        cases[f"{name}{'' if recursive else ', not recursive'}"] = {"format": name, "recursive": recursive, "rows": rows, "left": sorted(set(left.messages))}

target = Path(__file__).parent / "agent-rollout-cases.json"
target.write_text(json.dumps(cases, indent=1, ensure_ascii=False) + "\n")
print({name: len(case["rows"]) for name, case in cases.items()})
