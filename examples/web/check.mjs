// Compares the module, run by Node, with `ravel run`: whole windows, as the page runs
// them, and day by day; then what it and the reader of files say of mistakes.
//
//   node check.mjs FOLDER DAYS.csv FORECASTS.csv
//
// FOLDER has forecast.wasm and settings.json; FORECASTS.csv is what `ravel run` made of
// DAYS.csv, with the columns row and forecast.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dayAfter, gaps, Model, parse } from "./forecast.mjs";

const [folder, daysFile, forecastsFile] = process.argv.slice(2);
const settings = JSON.parse(readFileSync(`${folder}/settings.json`, "utf8"));
const bytes = readFileSync(`${folder}/forecast.wasm`);
const model = await Model.load(bytes, settings);
const { wasm } = model, { window, columns, target } = settings;

const text = readFileSync(daysFile, "utf8");
const days = parse(text, settings);
const [header, ...rows] = readFileSync(forecastsFile, "utf8").trim().split("\n")
  .map(line => line.split(","));
const wanted = rows.map(row => Number(row[header.indexOf("forecast")]));
assert.equal(Number(rows[0][header.indexOf("row")]), window);
assert.equal(wanted.length, days.length - window + 1);
assert(wanted.every(Number.isFinite));
const largest = found => Math.max(...found.map((y, i) => Math.abs(y - wanted[i])));

// Whole windows.
const { forecasts, time } = model.forecast(days, 300);
const apart = largest(forecasts);
console.log(`web: forecasts of ${wanted.length} days, in Node at most ` +
            `${apart.toExponential(1)} °C from ravel run; ${(1000 * time).toFixed(1)} µs each`);
assert(apart < 1e-4);

// Day by day, on a state of the caller's.
const [state, x, y] = model.allocate(wasm.forecast_state_bytes(),
                                     4 * days.length * columns.length, 4);
model.normalize(days, model.floats(x, days.length * columns.length));
const begin = performance.now();
const stepped = wanted.map((_, i) => {
  model.check(wasm.forecast_reset(state));
  for (let t = i; t < i + window; ++t)
    model.check(wasm.forecast_step(state, x + 4 * columns.length * t, y));
  return days[i + window - 1].value + model.floats(y, 1)[0] * target.deviation;
});
const each = (performance.now() - begin) / wanted.length;
console.log(`web: day by day, at most ${largest(stepped).toExponential(1)} °C; ` +
            `${(1000 * each).toFixed(1)} µs for ${window} days`);
assert(largest(stepped) < 1e-4);

// What the module says of mistakes.
assert.throws(() => model.check(wasm.forecast_step(0, x, y)), /a pointer is null/);
assert.throws(() => model.check(wasm.forecast_run(window, 1, 0, x, y, state, 0)),
              /the workspace is too small/);
assert.throws(() => model.check(wasm.forecast_run(0, 1, 0, x, y, state, 64)), /T or B is 0/);

// Files that differ in nothing but their form.
const same = text => assert.deepEqual(parse(text, settings), days);
same("\uFEFF" + text.replaceAll("\n", "\r\n"));
same(text.replaceAll(",", ";"));
same(text.replaceAll(",", "\t"));
same(text.replace(/[^,\n]+/g, '"$&"'));
same(text.replace("date,", "Day of measurement,"));
same(text.replace(/,\d+,\d+,\d+,/g, ",").replace("date,day,month,year,value", "date,temp_max"));
assert.equal(gaps(days), 0);
assert.equal(gaps(days.filter((_, i) => i != 5 && i != 6 && i != 9)), 2);
assert.equal(dayAfter(days.at(-1)), "2016-01-01");
assert.equal(dayAfter({ year: 2016, month: 2, day: 28 }), "2016-02-29");
console.log("web: other forms of the file give the same days");
