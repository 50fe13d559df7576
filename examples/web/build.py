#!/usr/bin/env python3
"""Writes the page, one file, and settings.json: what of the training's settings the
page needs, which are the window, and each column's mean and deviation.

    build.py PAGE FORECAST.mjs RUN-FOLDER MODULE.wasm DAYS.csv OUTPUT-FOLDER
"""

import base64
import csv
import json
import os
import sys

page, script, run, module, days, output = sys.argv[1:]


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def write(path, text):
    with open(path + ".part", "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(path + ".part", path)


data = json.loads(read(os.path.join(run, "data.json")))
known = {c["name"]: c for c in data["normalization"]["columns"]}
inputs = [f for f in data["fields"] if not f["target"]]
targets = [f for f in data["fields"] if f["target"]]
if (
    len(inputs) != 1
    or len(targets) != 1
    or len(targets[0]["columns"]) != 1
    or not targets[0]["residual"]
    or data["horizon"] != 1
    or data["every_step"]
):
    sys.exit("build: the page is for a forecast of one column's change to the next row")
settings = {
    "window": data["window"],
    "columns": [known[name] for name in inputs[0]["columns"]],
    "target": known[targets[0]["columns"][0]],
}
if not {c["name"] for c in settings["columns"]} <= {
    "day",
    "month",
    "year",
    settings["target"]["name"],
}:
    sys.exit("build: the page knows of a day its date and its temperature only")

# The sample: 2015, and the days before that its first forecast takes.
with open(days, encoding="utf-8", newline="") as file:
    rows = [(row["date"], row["value"]) for row in csv.DictReader(file)]
first = next(i for i, (date, _) in enumerate(rows) if date >= "2015")
sample = "date,value\n" + "".join(
    "%s,%s\n" % row for row in rows[first - data["window"] :]
)
with open(module, "rb") as file:
    wasm = base64.b64encode(file.read()).decode()

text = read(page)
for mark, value in (
    ("/*SETTINGS*/null", json.dumps(settings)),
    ("/*WASM*/", wasm),
    ('/*SAMPLE*/""', json.dumps(sample)),
    ("/*FORECAST.MJS*/", read(script)),
):
    if text.count(mark) != 1:
        sys.exit("build: %s must have %s once" % (page, mark))
    text = text.replace(mark, value)
write(os.path.join(output, "settings.json"), json.dumps(settings, indent=2) + "\n")
write(os.path.join(output, "index.html"), text)
