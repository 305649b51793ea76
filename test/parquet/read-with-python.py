"""Reads files of rows with pyarrow, duckdb, pandas, polars and Hugging Face datasets, and prints what it found as one JSON text.

Usage: read-with-python.py <requests.json>; a list of {"reader": ..., "file": ..., "sql": ...}.
Values that JSON cannot carry are tagged: {"$int": "..."}, {"$time": <ms since the epoch>}, {"$number": "Infinity"},
{"$bytes": "..."} for the text that bytes hold.
"""
import datetime
import json
import math
import os
import sys
import tempfile

import duckdb
import pandas
import polars
import pyarrow.parquet

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def plain(value):
    if hasattr(value, "tolist"):
        value = value.tolist()
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, bytes):
        return {"$bytes": value.decode()}
    if isinstance(value, int):
        return value if abs(value) < 2**53 else {"$int": str(value)}
    if isinstance(value, float):
        return value if math.isfinite(value) else {"$number": "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"}
    if isinstance(value, datetime.datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=datetime.timezone.utc)
        return {"$time": (moment - EPOCH) // datetime.timedelta(milliseconds=1)}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    raise TypeError(f"no plain form of {type(value)}")


def with_pyarrow(request):
    table = pyarrow.parquet.read_table(request["file"])
    columns = {}
    for name in table.column_names:
        values = table.column(name)
        if isinstance(values.type, pyarrow.BaseExtensionType):
            values = values.combine_chunks().storage
        columns[name] = plain(values.to_pylist())
    metadata = {key.decode(): value.decode() for key, value in (pyarrow.parquet.read_metadata(request["file"]).metadata or {}).items()}
    return {"types": {field.name: str(field.type) for field in table.schema}, "columns": columns, "metadata": metadata}


def with_duckdb(request):
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    query = request.get("sql", "select * from file").replace("file", f"read_parquet('{request['file']}')")
    cursor = connection.execute(query)
    names = [column[0] for column in cursor.description]
    types = {column[0]: str(column[1]) for column in cursor.description}
    rows = cursor.fetchall()
    return {"types": types, "columns": {name: plain([row[index] for row in rows]) for index, name in enumerate(names)}}


def with_pandas(request):
    frame = pandas.read_parquet(request["file"])
    return {"types": {name: str(dtype) for name, dtype in frame.dtypes.items()}, "rowCount": len(frame)}


def with_all(request):
    """A parquet, CSV or JSON lines file, or a folder of parquet files, as each reader has it without any option."""
    path = request["file"]
    kind = "parquet" if path.endswith("*.parquet") else path.rsplit(".", 1)[1]
    # pandas takes folders, the others patterns.
    readers = {
        "pandas": lambda: {
            "parquet": lambda: pandas.read_parquet(path.removesuffix("/*.parquet")),
            "csv": lambda: pandas.read_csv(path),
            "jsonl": lambda: pandas.read_json(path, lines=True),
        }[kind](),
        "duckdb": lambda: duckdb.connect().execute(f"select * from '{path}'").fetch_arrow_table(),
        "polars": lambda: {
            "parquet": polars.read_parquet,
            "csv": polars.read_csv,
            "jsonl": polars.read_ndjson,
        }[kind](path),
    }
    columns = {}
    for name, read in readers.items():
        frame = read()
        rows = frame.to_dict("records") if name == "pandas" else frame.to_pylist() if name == "duckdb" else frame.to_dicts()
        columns[name] = [{key: None if isinstance(value, float) and math.isnan(value) else plain(value) for key, value in row.items()} for row in rows]
    return {"types": {}, "columns": columns}


def with_datasets(request):
    """Hugging Face datasets: parquet files by pattern, a folder, or (with "endpoint") a dataset of a hub; "subset" names one of the card's."""
    with tempfile.TemporaryDirectory() as home:
        os.environ.update(HF_HOME=home, HF_HUB_DISABLE_TELEMETRY="1", HF_HUB_DISABLE_PROGRESS_BARS="1", HF_HUB_DISABLE_XET="1")
        os.environ.update({"HF_ENDPOINT": request["endpoint"], "HF_TOKEN": request["token"]} if "endpoint" in request else {})
        import datasets

        datasets.disable_progress_bars()
        path = request["file"]
        cache = {"cache_dir": os.path.join(home, request.get("subset", ""), "datasets")}
        if path.endswith("*.parquet"):
            loaded = datasets.load_dataset("parquet", data_files=path, **cache)
        else:
            loaded = datasets.load_dataset(path, request.get("subset"), **cache)
        columns = {split: [{key: plain(value) for key, value in row.items()} for row in rows] for split, rows in loaded.items()}
        return {"types": {name: str(feature) for name, feature in next(iter(loaded.values())).features.items()}, "columns": columns}


READERS = {"all": with_all, "datasets": with_datasets, "pyarrow": with_pyarrow, "duckdb": with_duckdb, "pandas": with_pandas}


def write_foreign(request):
    """A file as DataDesigner writes it: pandas to parquet, snappy and dictionaries."""
    frame = pandas.DataFrame(
        {
            "name": ["a", None, "😀"] * 400,
            "count": [1, 2, 2**60] * 400,
            "score": [0.5, None, 2.0] * 400,
            "when": pandas.to_datetime(["2026-01-01T00:00:00.123", None, "1950-06-01"] * 400, format="ISO8601"),
            "judge": [{"score": 1, "why": "x"}, None, {"score": None, "why": "y"}] * 400,
            "tags": [["a", "b"], [], None] * 400,
        }
    )
    frame.to_parquet(request["file"], index=False)
    return {}


READERS["write-foreign"] = write_foreign


def write_columns(request):
    """A row group as DataDesigner 0.9.6 writes it: texts as large_string, numbers as pyarrow's, through pandas and without an index."""
    table = pyarrow.table(
        {
            name: pyarrow.array(values, pyarrow.large_string() if isinstance(values[0], str) else None)
            for name, values in request["columns"].items()
        }
    )
    table.to_pandas(types_mapper=pandas.ArrowDtype).to_parquet(request["file"], index=False)
    return {}


READERS["write-columns"] = write_columns



def recompress(request):
    """The same rows in row groups of the same size, compressed by another codec."""
    rows = pyarrow.parquet.ParquetFile(request["file"]).metadata.row_group(0).num_rows
    pyarrow.parquet.write_table(pyarrow.parquet.read_table(request["file"]), request["to"], compression=request["codec"], row_group_size=rows)
    return {}


READERS["recompress"] = recompress

if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as stream:
        requests = json.load(stream)
    json.dump([READERS[request["reader"]](request) for request in requests], sys.stdout)
