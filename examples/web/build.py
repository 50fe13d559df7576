#!/usr/bin/env python3
"""Writes the page: one file with the module, the normalization and a sample.

    build.py PAGE RUN-FOLDER MODULE.wasm DAYS.csv OUTPUT.html
"""

import base64
import csv
import json
import os
import sys

page, run, module, days, output = sys.argv[1:]
with open(os.path.join(run, "data.json")) as file:
    data = json.load(file)
known = {c["name"]: c for c in data["normalization"]["columns"]}
inputs = next(f for f in data["fields"] if not f["target"])
target = next(f for f in data["fields"] if f["target"])
if not target["residual"]:
    sys.exit("build: the page expects a model of the change from the last day")
settings = {
    "window": data["window"],
    "columns": [known[name] for name in inputs["columns"]],
    "target": known[target["columns"][0]],
}
# The sample: 2015, and the days that its first forecast needs.
with open(days) as file:
    rows = [(row["date"], row["value"]) for row in csv.DictReader(file)]
first = next(i for i, (date, _) in enumerate(rows) if date >= "2015")
sample = "date,value\n" + "".join(
    "%s,%s\n" % row for row in rows[first - data["window"] :]
)
with open(page) as file:
    text = file.read()
with open(module, "rb") as file:
    wasm = base64.b64encode(file.read()).decode()
for mark, value in (
    ("/*SETTINGS*/null", json.dumps(settings)),
    ("/*WASM*/", wasm),
    ('/*SAMPLE*/""', json.dumps(sample)),
):
    if text.count(mark) != 1:
        sys.exit("build: %s must have %s once" % (page, mark))
    text = text.replace(mark, value)
with open(output + ".part", "w") as file:
    file.write(text)
os.replace(output + ".part", output)
