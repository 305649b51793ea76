"""Writes configs/: config files as data-designer's own builder writes them, every kind of everything at least once.

Run with a Python that has data-designer 0.9.6:  python test/compat/make-builder-configs.py
"""

import os
from pathlib import Path

import pandas as pd
import yaml

import data_designer.config as dd

CONFIGS = Path(__file__).parent / "configs"
# Paths of seed data are checked when a source is made.
os.chdir(CONFIGS)
for old in [*CONFIGS.glob("*.json"), *CONFIGS.glob("*.yaml")]:
    old.unlink()

CHAT = dd.ModelConfig(
    alias="writer",
    model="gpt-4o",
    provider="openai",
    inference_parameters=dd.ChatCompletionInferenceParams(
        temperature=dd.UniformDistribution(params=dd.UniformDistributionParams(low=0.2, high=0.9)),
        top_p=dd.ManualDistribution(params=dd.ManualDistributionParams(values=[0.9, 1.0], weights=[1, 3])),
        max_tokens=512,
        max_parallel_requests=8,
        timeout=90,
        extra_body={"presence_penalty": 0.5},
    ),
)
PLAIN = dd.ModelConfig(alias="judge", model="gpt-4o-mini", provider="openai", skip_health_check=True)
EMBEDDING = dd.ModelConfig(
    alias="embedder", model="text-embedding-3-small", provider="openai", inference_parameters=dd.EmbeddingInferenceParams(dimensions=8)
)
IMAGE = dd.ModelConfig(
    alias="painter", model="gpt-image-1", provider="openai", inference_parameters=dd.ImageInferenceParams(extra_body={"size": "1024x1024"})
)


def builder(*models: dd.ModelConfig, tools: list | None = None) -> dd.DataDesignerConfigBuilder:
    made = dd.DataDesignerConfigBuilder(model_configs=list(models) or [PLAIN], tool_configs=tools)
    return made


def sampler(name: str, kind: str, params: object, **more) -> dd.SamplerColumnConfig:
    return dd.SamplerColumnConfig(name=name, sampler_type=kind, params=params, **more)


def topic() -> dd.SamplerColumnConfig:
    return sampler("topic", "category", dd.CategorySamplerParams(values=["sorting", "parsing", "caching"]))


def text(name: str = "text", prompt: str = "Write about {{ topic }}.", **more) -> dd.LLMTextColumnConfig:
    return dd.LLMTextColumnConfig(name=name, prompt=prompt, model_alias="writer", **more)


def samplers() -> dd.DataDesignerConfigBuilder:
    b = builder()
    b.add_column(sampler("id", "uuid", dd.UUIDSamplerParams(prefix="ORD-", short_form=True, uppercase=True)))
    b.add_column(sampler("kind", "category", dd.CategorySamplerParams(values=["book", "tool", 3], weights=[2, 1, 1])))
    b.add_column(sampler("part", "subcategory", dd.SubcategorySamplerParams(category="kind", values={"book": ["novel"], "tool": ["saw", "file"], "3": ["x"]})))
    b.add_column(sampler("low", "uniform", dd.UniformSamplerParams(low=0, high=10, decimal_places=2)))
    b.add_column(
        sampler(
            "high",
            "gaussian",
            dd.GaussianSamplerParams(mean=20, stddev=3),
            conditional_params={"kind == 'book'": dd.GaussianSamplerParams(mean=30, stddev=1)},
            convert_to="int",
        )
    )
    b.add_column(sampler("flag", "bernoulli", dd.BernoulliSamplerParams(p=0.3)))
    b.add_column(sampler("mixture", "bernoulli_mixture", dd.BernoulliMixtureSamplerParams(p=0.5, dist_name="expon", dist_params={"scale": 2})))
    b.add_column(sampler("tries", "binomial", dd.BinomialSamplerParams(n=5, p=0.4)))
    b.add_column(sampler("visits", "poisson", dd.PoissonSamplerParams(mean=3), convert_to="str"))
    b.add_column(sampler("wait", "scipy", dd.ScipySamplerParams(dist_name="gamma", dist_params={"a": 2, "scale": 3}, decimal_places=1)))
    b.add_column(sampler("ordered", "datetime", dd.DatetimeSamplerParams(start="2025-01-01", end="2025-06-01", unit="h")))
    b.add_column(sampler("shipped", "timedelta", dd.TimeDeltaSamplerParams(dt_min=1, dt_max=5, reference_column_name="ordered", unit="D"), convert_to="%Y-%m-%d"))
    b.add_column(sampler("buyer", "person_from_faker", dd.PersonFromFakerSamplerParams(locale="de_DE", age_range=[20, 60], sex="Female")))
    b.add_constraint(dd.ScalarInequalityConstraint(target_column="low", operator="ge", rhs=1))
    b.add_constraint(dd.ColumnInequalityConstraint(target_column="low", operator="lt", rhs="high"))
    b.add_processor(dd.DropColumnsProcessorConfig(name="no_flags", column_names=["fl*"]))
    return b


def managed_people() -> dd.DataDesignerConfigBuilder:
    b = builder()
    b.add_column(sampler("who", "person", dd.PersonSamplerParams(locale="en_US", age_range=[30, 40], with_synthetic_personas=False)))
    b.add_column(dd.ExpressionColumnConfig(name="name", expr="{{ who.first_name }} {{ who.last_name }}"))
    return b


def model_columns() -> dd.DataDesignerConfigBuilder:
    b = builder(CHAT, PLAIN)
    b.add_column(topic())
    b.add_column(sampler("stars", "uniform", dd.UniformSamplerParams(low=1, high=5), convert_to="int"))
    b.add_column(dd.ExpressionColumnConfig(name="is_good", expr="{{ stars >= 3 }}", dtype="bool"))
    b.add_column(text(system_prompt="You are brief.", with_trace="all_messages", extract_reasoning_content=True))
    b.add_column(dd.LLMCodeColumnConfig(name="code", prompt="Write Python for {{ topic }}.", model_alias="writer", code_lang="python", with_trace="last_message"))
    b.add_column(dd.LLMCodeColumnConfig(name="query", prompt="Write SQL for {{ topic }}.", model_alias="writer", code_lang="sql:postgres"))
    b.add_column(
        dd.LLMStructuredColumnConfig(
            name="facts",
            prompt="Facts about {{ text }}",
            model_alias="judge",
            output_format={
                "type": "object",
                "properties": {"title": {"type": "string"}, "tags": {"type": "array", "items": {"type": "string"}}},
                "required": ["title", "tags"],
            },
        )
    )
    b.add_column(
        dd.LLMJudgeColumnConfig(
            name="verdict",
            prompt="Judge {{ code }}",
            model_alias="judge",
            scores=[
                dd.Score(name="quality", description="How good it is.", options={1: "bad", 2: "good"}),
                dd.Score(name="tone", description="How it sounds.", options={"dry": "Dry.", "warm": "Warm."}),
            ],
        )
    )
    b.add_column(text("praise", "Praise {{ facts.title }}.", skip=dd.SkipConfig(when="{{ not is_good }}", value="none"), propagate_skip=False))
    b.add_column(dd.ExpressionColumnConfig(name="label", expr="{{ praise | upper }} {{ verdict.quality.score }}", drop=True))
    b.add_processor(dd.DropColumnsProcessorConfig(name="drops", column_names=["stars"]))
    b.add_processor(dd.SchemaTransformProcessorConfig(name="chat", template={"messages": [{"role": "user", "content": "{{ topic }}"}], "label": "{{ label }}"}))
    return b


def default_models() -> dd.DataDesignerConfigBuilder:
    b = dd.DataDesignerConfigBuilder(
        model_configs=[
            dd.ModelConfig(alias=f"{provider}-{kind}", model=f"{kind}-model", provider=provider)
            for provider in ["nvidia", "openai", "openrouter"]
            for kind in ["text", "reasoning"]
        ]
    )
    b.add_column(dd.LLMTextColumnConfig(name="text", prompt="Write a line.", model_alias="nvidia-text"))
    return b


def seeded(source: object, expr: str, **more) -> dd.DataDesignerConfigBuilder:
    b = builder()
    b.with_seed_dataset(source, **more)
    b.add_column(dd.ExpressionColumnConfig(name="said", expr=expr))
    return b


def validated(*columns: object) -> dd.DataDesignerConfigBuilder:
    b = builder(CHAT)
    b.add_column(topic())
    for column in columns:
        b.add_column(column)
    return b


def python_code() -> dd.LLMCodeColumnConfig:
    return dd.LLMCodeColumnConfig(name="code", prompt="Write Python for {{ topic }}.", model_alias="writer", code_lang="python")


def sql_code() -> dd.LLMCodeColumnConfig:
    return dd.LLMCodeColumnConfig(name="query", prompt="Write SQL for {{ topic }}.", model_alias="writer", code_lang="sql:ansi")


def is_short(df):
    df["is_valid"] = df["text"].str.len() < 100
    return df


@dd.custom_column_generator(required_columns=["topic"], side_effect_columns=["topic_length"], model_aliases=["writer"])
def shout_topic(row: dict, generator_params: object) -> dict:
    return {**row, "loud": row["topic"].upper(), "topic_length": len(row["topic"])}


def rank_topics_params() -> object:
    from pydantic import BaseModel

    class RankParams(BaseModel):
        descending: bool = True

    return RankParams()


@dd.custom_column_generator(required_columns=["topic"])
def rank_topics(df, generator_params: object):
    df["rank"] = df["topic"].rank(ascending=not generator_params.descending)
    return df


def customs() -> dd.DataDesignerConfigBuilder:
    b = builder(CHAT)
    b.add_column(topic())
    b.add_column(dd.CustomColumnConfig(name="loud", generator_function=shout_topic, skip=dd.SkipConfig(when="{{ topic == 'caching' }}", value="hush")))
    b.add_column(
        dd.CustomColumnConfig(name="rank", generator_function=rank_topics, generation_strategy="full_column", generator_params=rank_topics_params())
    )
    return b


def with_tools() -> dd.DataDesignerConfigBuilder:
    tool = dd.ToolConfig(tool_alias="search", providers=["web"], allow_tools=["find"], max_tool_call_turns=3, timeout_sec=5)
    b = builder(CHAT, tools=[tool])
    b.add_column(topic())
    b.add_column(text(tool_alias="search", with_trace="all_messages"))
    return b


def with_contexts() -> dd.DataDesignerConfigBuilder:
    b = builder(CHAT)
    b.add_column(sampler("photo", "category", dd.CategorySamplerParams(values=["http://127.0.0.1:9/a.png"])))
    b.add_column(sampler("sound", "category", dd.CategorySamplerParams(values=["UklGRg=="])))
    b.add_column(sampler("film", "category", dd.CategorySamplerParams(values=["http://127.0.0.1:9/a.mp4"])))
    contexts = [
        dd.ImageContext(column_name="photo", data_type="url"),
        dd.AudioContext(column_name="sound", data_type="base64", audio_format="wav"),
        dd.VideoContext(column_name="film", data_type="url"),
    ]
    b.add_column(text("caption", "Describe this.", multi_modal_context=contexts))
    return b


def profiled() -> dd.DataDesignerConfigBuilder:
    b = builder(CHAT)
    b.add_column(topic())
    b.add_column(
        dd.LLMJudgeColumnConfig(
            name="verdict",
            prompt="Judge {{ topic }}",
            model_alias="writer",
            scores=[dd.Score(name="quality", description="How good it is.", options={1: "bad", 2: "good"})],
        )
    )
    b.add_profiler(dd.JudgeScoreProfilerConfig(model_alias="writer", summary_score_sample_size=5))
    return b


def judge_validator() -> object:
    return dd.ValidationColumnConfig(
        name="checked",
        target_columns=["topic"],
        validator_type="remote",
        validator_params=dd.RemoteValidatorParams(endpoint_url="http://127.0.0.1:9/check", timeout=5, max_retries=1, retry_backoff=1.5, max_parallel_requests=2),
        batch_size=5,
    )


def code_validator(name: str, language: str, *targets: str) -> object:
    return dd.ValidationColumnConfig(
        name=name, target_columns=list(targets), validator_type="code", validator_params=dd.CodeValidatorParams(code_lang=language)
    )


CODEX = "../../fixtures/agent-rollout/codex"
MADE = {
    "samplers.json": samplers(),
    "managed-people.yaml": managed_people(),
    "model-columns.yaml": model_columns(),
    "many-models.json": default_models(),
    "custom.yaml": customs(),
    "seed-csv.yaml": seeded(dd.LocalFileSeedSource(path="data/products.csv"), "{{ product }} {{ price }}", sampling_strategy="shuffle"),
    "seed-glob.json": seeded(dd.LocalFileSeedSource(path="data/*.csv"), "{{ stock }}", selection_strategy=dd.IndexRange(start=1, end=2)),
    "seed-parquet.json": seeded(dd.LocalFileSeedSource.from_dataframe(pd.read_csv("data/products.csv"), "data/products.parquet"), "{{ product }} {{ stock }}"),
    "seed-json.yaml": seeded(dd.LocalFileSeedSource(path="data/products.json"), "{{ product }}"),
    "seed-jsonl.yaml": seeded(dd.LocalFileSeedSource(path="data/products.jsonl"), "{{ tags | length }}", selection_strategy=dd.PartitionBlock(index=1, num_partitions=2)),
    "seed-directory.json": seeded(dd.DirectorySeedSource(path="data", file_pattern="*.txt"), "{{ file_name }}"),
    "seed-file-contents.yaml": seeded(dd.FileContentsSeedSource(path="data/notes", recursive=False, encoding="latin-1"), "{{ content }}"),
    "seed-hf.yaml": seeded(dd.HuggingFaceSeedSource(path="datasets/ada/things/data/*.parquet", token="HF_TOKEN"), "a text"),
    "seed-agent-rollout.yaml": seeded(dd.AgentRolloutSeedSource(format="codex", path=CODEX), "{{ trace_id }} {{ message_count }}"),
    "validation-python.yaml": validated(python_code(), code_validator("checked", "python", "code")),
    "validation-sql.yaml": validated(sql_code(), code_validator("checked", "sql:ansi", "query")),
    "validation-several.json": validated(
        python_code(),
        dd.LLMCodeColumnConfig(name="more", prompt="Write more Python for {{ topic }}.", model_alias="writer", code_lang="python"),
        code_validator("checked", "python", "code", "more"),
    ),
    "validation-remote.yaml": validated(judge_validator()),
    "validation-local.json": validated(
        text(),
        dd.ValidationColumnConfig(
            name="checked",
            target_columns=["text"],
            validator_type="local_callable",
            validator_params=dd.LocalCallableValidatorParams(validation_function=is_short),
        ),
    ),
    "embedding.yaml": builder(CHAT, EMBEDDING).add_column(topic()).add_column(dd.EmbeddingColumnConfig(name="vector", target_column="topic", model_alias="embedder")),
    "image.json": builder(IMAGE).add_column(topic()).add_column(dd.ImageColumnConfig(name="picture", prompt="A picture of {{ topic }}", model_alias="painter")),
    "multi-modal.yaml": with_contexts(),
    "tools.yaml": with_tools(),
    "profilers.json": profiled(),
}

for name, made in MADE.items():
    made.write_config(CONFIGS / name)

# Nothing of theirs may be missing.
written = [made.build().model_dump(mode="json") for made in MADE.values()]
kinds = {column["column_type"] for config in written for column in config["columns"]}
sampled = {column["sampler_type"] for config in written for column in config["columns"] if column["column_type"] == "sampler"}
sources = {config["seed_config"]["source"]["seed_type"] for config in written if config["seed_config"]}
validators = {column["validator_type"] for config in written for column in config["columns"] if column["column_type"] == "validation"}
assert kinds == {kind.value for kind in dd.DataDesignerColumnType} - {"seed-dataset"}, kinds
assert sampled == {kind.value for kind in dd.SamplerType}, sampled
assert sources == {"local", "hf", "directory", "file_contents", "agent_rollout"}, sources
assert validators == {kind.value for kind in dd.ValidatorType}, validators

# Providers stand in a file of their own, in the home folder of DataDesigner.
providers = [
    dd.ModelProvider(
        name="openai",
        endpoint="http://127.0.0.1:9/v1",
        provider_type="openai",
        api_key="OPENAI_API_KEY",
        extra_headers={"x-team": "data"},
        extra_body={"store": False},
    ),
    dd.ModelProvider(name="claude", endpoint="https://api.anthropic.com", provider_type="anthropic", api_key="ANTHROPIC_API_KEY"),
]
(CONFIGS.parent / "model_providers.yaml").write_text(yaml.safe_dump({"providers": [provider.model_dump(mode="json") for provider in providers]}))
mcp = [
    dd.MCPProvider(name="web", endpoint="http://127.0.0.1:9/sse"),
    dd.LocalStdioMCPProvider(name="files", command="true", args=["--root", "."]),
]
(CONFIGS.parent / "mcp_providers.yaml").write_text(yaml.safe_dump({"providers": [provider.model_dump(mode="json") for provider in mcp]}))

# A DataFrame cannot be written; DataDesigner says so itself.
try:
    seeded(dd.DataFrameSeedSource(df=pd.DataFrame({"a": [1]})), "{{ a }}").write_config(CONFIGS / "seed-df.yaml")
except Exception as error:
    print("a DataFrame:", type(error).__name__, str(error)[:100])
print(len(MADE), "configs")
