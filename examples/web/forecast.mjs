// The forecast, as the page and check.mjs use it: the days of a file, and the model
// in WebAssembly. Nothing here knows the page.

/// The cells of a CSV file, a row an array: commas, semicolons or tabs between them,
/// quotes around them or not.
function cells(text) {
  if (text.includes("\0"))
    throw new Error("This is no CSV file: it has bytes that are no text.");
  text = text.replace(/^\uFEFF/, "");
  const first = text.slice(0, 10000).split(/\r?\n/).find(line => line.trim()) ?? "";
  const separator = [",", ";", "\t"].find(c => first.includes(c)) ?? ",";
  const rows = [];
  let row = [], cell = "", quoted = false;
  const endCell = () => { row.push(cell.trim()); cell = ""; };
  const endRow = () => { endCell(); if (row.some(c => c)) rows.push(row); row = []; };
  for (let i = 0; i < text.length; ++i) {
    const c = text[i];
    if (quoted) {
      if (c != '"') cell += c;
      else if (text[i + 1] == '"') cell += text[++i];
      else quoted = false;
    } else if (c == '"' && !cell.trim()) { quoted = true; cell = ""; }
    else if (c == separator) endCell();
    else if (c == "\n") endRow();
    else if (c != "\r") cell += c;
  }
  endRow();
  return rows;
}

const quote = text => `“${text.length > 50 ? text.slice(0, 50) + " …" : text}”`;
const inDays = day => Date.UTC(day.year, day.month - 1, day.day) / 864e5;

/// The days of a CSV file, or an error that says what is wrong with it. A file has the
/// temperature of a day in a column of the name that the model was trained with, or in
/// `temp_max`, and the day in `date`, or in `day`, `month` and `year`.
export function parse(text, settings) {
  const [header, ...rows] = cells(text);
  if (!header) throw new Error("The file is empty.");
  const names = header.map(name => name.toLowerCase());
  const column = (...wanted) => wanted.map(name => names.indexOf(name)).find(i => i >= 0) ?? -1;
  const value = column(settings.target.name, "temp_max");
  const date = column("date"), parts = ["year", "month", "day"].map(name => column(name));
  const missing = [];
  if (date < 0 && parts.includes(-1)) missing.push("“date” (or “day”, “month” and “year”)");
  if (value < 0) missing.push(`“${settings.target.name}” (or “temp_max”)`);
  if (missing.length)
    throw new Error(`The file lacks the column ${missing.join(" and the column ")}. ` +
                    `Its first line is ${quote(header.join(", "))}.`);
  const days = rows.map((row, i) => {
    const at = `Row ${i + 1}: `, written = row[value] ?? "";
    const [year, month, day] = date < 0 ? parts.map(part => Number(row[part] || NaN))
      : (/^(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[T ].*)?$/.exec(row[date] ?? "") ?? []).slice(1).map(Number);
    const real = new Date(Date.UTC(year, month - 1, day));
    if (!(real.getUTCMonth() == month - 1 && real.getUTCDate() == day))
      throw new Error(at + (date < 0 ? quote(parts.map(part => row[part] ?? "").join("-"))
                                     : quote(row[date] ?? "")) + " is no date like 2015-01-31.");
    if (written == "" || !Number.isFinite(Number(written)))
      throw new Error(at + (written == "" ? "the temperature is missing."
                                          : quote(written) + " is no temperature."));
    return { date: real.toISOString().slice(0, 10), year, month, day,
             [settings.target.name]: Number(written), value: Number(written) };
  });
  days.forEach((day, i) => {
    if (i && inDays(day) <= inDays(days[i - 1]))
      throw new Error(`Row ${i + 1}: ${day.date} comes after ${days[i - 1].date}; ` +
                      "days must be in order, each once.");
  });
  if (days.length < settings.window)
    throw new Error(`The file has ${days.length} ${days.length == 1 ? "day" : "days"}; ` +
                    `a forecast takes ${settings.window}.`);
  return days;
}

/// How many times the next row is not of the next day.
export const gaps = days =>
  days.filter((day, i) => i && inDays(day) != inDays(days[i - 1]) + 1).length;

/// The day after one.
export const dayAfter = day => new Date((inDays(day) + 1) * 864e5).toISOString().slice(0, 10);

/// The root of the mean squared error of days.
export const rmse = (days, key) => Math.sqrt(
  days.reduce((sum, day) => sum + (day[key] - day.value) ** 2, 0) / days.length);

/// The module that `ravel compile --target wasm32` made. It imports nothing and
/// allocates nothing: memory behind its own data, from __heap_base on, is ours.
export class Model {
  static async load(bytes, settings) {
    const { instance } = await WebAssembly.instantiate(bytes, {});
    return new Model(instance.exports, settings);
  }

  constructor(wasm, settings) {
    this.wasm = wasm;
    this.settings = settings;
    this.check(wasm.forecast_init());
  }

  /// Memory for arrays of so many bytes: their addresses. They lie where those of the
  /// call before lay.
  allocate(...sizes) {
    let end = this.wasm.__heap_base.value;
    const addresses = sizes.map(size => {
      const begin = Math.ceil(end / 64) * 64; // FORECAST_ALIGNMENT
      end = begin + size;
      return begin;
    });
    const missing = end - this.wasm.memory.buffer.byteLength;
    if (missing > 0) this.wasm.memory.grow(Math.ceil(missing / 65536));
    return addresses;
  }

  floats(address, count) {
    return new Float32Array(this.wasm.memory.buffer, address, count);
  }

  check(error) {
    if (!error) return;
    const bytes = new Uint8Array(this.wasm.memory.buffer);
    const begin = this.wasm.forecast_strerror(error);
    throw new Error("The model: " +
      new TextDecoder().decode(bytes.slice(begin, bytes.indexOf(0, begin))));
  }

  /// Days as the network was taught to see them: each column has mean 0 and deviation 1
  /// over the days of training.
  normalize(days, x) {
    const { columns } = this.settings;
    days.forEach((day, t) => columns.forEach((column, i) => {
      x[t * columns.length + i] = (day[column.name] - column.mean) / column.deviation;
    }));
  }

  /// The forecasts for each day after the first `window` and for the day after the last,
  /// each from the days before it, and the time of one in ms. Windows overlap: all are read
  /// from one array.
  ///
  /// The first pass gives the forecasts; for the time, which is the best of some, passes
  /// are repeated for `least` ms: engines compile well only what has run for a while.
  forecast(days, least) {
    const { window, columns, target } = this.settings;
    const { wasm } = this, count = days.length - window + 1, row = 4 * columns.length;
    const bytes = wasm.forecast_workspace_bytes(window, 1);
    const [workspace, x, y] = this.allocate(bytes, days.length * row, 4 * count);
    this.normalize(days, this.floats(x, days.length * columns.length));
    const pass = () => {
      for (let i = 0; i < count; ++i)
        this.check(wasm.forecast_run(window, 1, 0, x + i * row, y + 4 * i, workspace, bytes));
    };
    pass();
    // Clocks of browsers are coarse: 200 forecasts at least between two looks.
    const passes = Math.ceil(200 / count), begin = performance.now();
    let time = Infinity;
    for (let now = begin, run = 0; now - begin < least && run < 100; ++run) {
      const before = now;
      for (let i = 0; i < passes; ++i) pass();
      now = performance.now();
      if (now > before) time = Math.min(time, (now - before) / passes / count);
    }
    // The network gives the change since the last day.
    const forecasts = Array.from(this.floats(y, count), (change, i) =>
      days[i + window - 1].value + change * target.deviation);
    return { forecasts, time };
  }
}
