"""Writes dd-traces.json: what DataDesigner itself says to a model, and keeps in a trace, when that model calls tools of an MCP server.

Usage: python test/mcp/make-dd-traces.py > test/mcp/dd-traces.json, from the root of the repository, with data-designer 0.9.6 installed.
The model is scripted here, and the server is examples/tools/catalogue.mjs.
"""

import contextlib
import json
import logging
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import data_designer.config as dd
from data_designer.interface import DataDesigner

logging.disable(logging.CRITICAL)


def call(id, product, name="look_up_product"):
    arguments = json.dumps({"product": product}) if product else "{}"
    return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


def says(content, reasoning=None, calls=None):
    message = {"role": "assistant", "content": content}
    if reasoning is not None:
        message["reasoning_content"] = reasoning
    if calls:
        message["tool_calls"] = calls
    return message


SCHEMA = {"type": "object", "properties": {"price": {"type": "number"}}, "required": ["price"]}
HOSE, BARREL, MOON = (("c1", "garden hose"), ("c2", "rain barrel"), ("c3", "moon"))

# Name, kind of column, further settings, what the model says.
CASES = [
    ("one call", "text", {}, [says(None, calls=[call(*HOSE)]), says("It is 24.90.")]),
    (
        "two calls at once, with thoughts and white space",
        "text",
        {"system_prompt": "You sell."},
        [says("  I look.\n", "\n Two of them. ", [call(*HOSE), call(*BARREL)]), says("\n Both. \n", " Done. ")],
    ),
    ("white space before calls without thoughts", "text", {}, [says(" I look. ", calls=[call(*HOSE)]), says(" Here. ")]),
    ("two turns", "text", {}, [says("", calls=[call("c0", None, "list_products")]), says("", calls=[call(*BARREL)]), says("None left.")]),
    (
        "turns used up",
        "text",
        {"max_tool_call_turns": 1},
        [says("", calls=[call(*HOSE)]), says("", "more", [call(*BARREL), call(*HOSE)]), says("That is all.")],
    ),
    ("a tool that fails", "text", {}, [says("", calls=[call(*MOON)]), says("There is none.")]),
    (
        "a fresh conversation after a bad answer",
        "structured",
        {"max_conversation_restarts": 2},
        [says("", calls=[call(*HOSE)]), says("no JSON"), says('```json\n{"price": 24.9}\n```')],
    ),
    (
        "a tool call in the second conversation",
        "structured",
        {"max_conversation_restarts": 2},
        [says("no JSON"), says("", calls=[call(*HOSE)]), says("no JSON"), says('```json\n{"price": 24.9}\n```')],
    ),
]


class Model(BaseHTTPRequestHandler):
    script, asked, tools = [], [], []

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        message = Model.script[len(Model.asked)]
        Model.asked.append(body["messages"])
        Model.tools = body["tools"]
        choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if message.get("tool_calls") else "stop"}
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        answer = json.dumps({"id": "x", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice], "usage": usage}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_args):
        pass


def run(server, kind, settings, script):
    Model.script, Model.asked = script, []
    catalogue = dd.LocalStdioMCPProvider(name="catalogue", command="node", args=["examples/tools/catalogue.mjs"])
    provider = dd.ModelProvider(name="stub", endpoint=f"http://127.0.0.1:{server.server_port}/v1", provider_type="openai")
    designer = DataDesigner(artifact_path=tempfile.mkdtemp(), model_providers=[provider], mcp_providers=[catalogue])
    designer.set_run_config(dd.RunConfig(max_conversation_restarts=settings.get("max_conversation_restarts", 0)))
    model = dd.ModelConfig(alias="m", model="m", provider="stub", skip_health_check=True)
    tools = dd.ToolConfig(tool_alias="shop", providers=["catalogue"], max_tool_call_turns=settings.get("max_tool_call_turns", 5))
    builder = dd.DataDesignerConfigBuilder(model_configs=[model], tool_configs=[tools])
    common = {
        "name": "answer",
        "prompt": "What does it cost?",
        "system_prompt": settings.get("system_prompt"),
        "model_alias": "m",
        "tool_alias": "shop",
        "with_trace": "all_messages",
        "extract_reasoning_content": True,
    }
    if kind == "text":
        builder.add_column(dd.LLMTextColumnConfig(**common))
    else:
        builder.add_column(dd.LLMStructuredColumnConfig(**common, output_format=SCHEMA))
    row = designer.preview(builder, num_records=1).dataset.iloc[0]
    return {"value": row["answer"], "trace": row["answer__trace"], "reasoning": row["answer__reasoning_content"], "asked": Model.asked}


def main():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Model)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    cases = []
    for name, kind, settings, script in CASES:
        with contextlib.redirect_stdout(sys.stderr):
            made = run(server, kind, settings, script)
        cases.append({"name": name, "kind": kind, "settings": settings, "script": script, **made})
    # One case a line.
    lines = ",\n".join(json.dumps(case, default=lambda value: value.tolist()) for case in cases)
    print(f'{{"schema": {json.dumps(SCHEMA)}, "tools": {json.dumps(Model.tools)}, "cases": [\n{lines}\n]}}')


main()
