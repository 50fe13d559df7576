// Opens the page in Chromium, without a window, as a visitor would: clicks, chooses
// files, points at the chart. Compares what it shows with `ravel run`.
//
//   node browser.mjs FOLDER DAYS.csv FORECASTS.csv
//
// FOLDER has index.html; FORECASTS.csv is what `ravel run` made of DAYS.csv, with the
// columns date, value and forecast. Writes FOLDER/page.png and FOLDER/phone.png.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, daysFile, forecastsFile] = process.argv.slice(2).map(path => resolve(path));
const scratch = `${folder}/scratch`;
rmSync(scratch, { recursive: true, force: true });
mkdirSync(scratch);

// Chromium is spoken to by its DevTools protocol: JSON, a zero byte behind each, on
// descriptors 3 (to it) and 4 (from it).
const chromium = spawn("chromium", ["--headless", "--no-sandbox", "--disable-gpu",
  "--hide-scrollbars", "--remote-debugging-pipe", `--user-data-dir=${scratch}/profile`],
  { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
const waiting = new Map(), requests = [], mistakes = [];
let last = 0, received = Buffer.alloc(0), finished = false;
chromium.on("error", error => { throw error; });
const gone = new Promise(done => chromium.on("exit", code => {
  if (!finished) throw new Error(`chromium ended, with ${code}`);
  done();
}));
chromium.stdio[4].on("data", data => {
  received = Buffer.concat([received, data]);
  for (let end; (end = received.indexOf(0)) >= 0; received = received.subarray(end + 1)) {
    const message = JSON.parse(received.subarray(0, end));
    if (message.id) {
      const { done, failed } = waiting.get(message.id);
      waiting.delete(message.id);
      if (message.error) failed(new Error(message.error.message));
      else done(message.result);
    } else if (message.method == "Network.requestWillBeSent") {
      requests.push(message.params.request.url);
    } else if (message.method == "Runtime.exceptionThrown") {
      const { text, exception } = message.params.exceptionDetails;
      mistakes.push(exception?.description ?? text);
    }
  }
});
const send = (method, params = {}, sessionId) => new Promise((done, failed) => {
  waiting.set(++last, { done, failed });
  chromium.stdio[3].write(JSON.stringify({ id: last, method, params, sessionId }) + "\0");
});

/// A tab with the page.
class Page {
  static async open(width, height, mobile = false) {
    const { targetId } = await send("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await send("Target.attachToTarget", { targetId, flatten: true });
    const page = new Page();
    page.send = (method, params) => send(method, params, sessionId);
    page.close = () => send("Target.closeTarget", { targetId });
    for (const domain of ["Page", "Network", "Runtime"]) await page.send(`${domain}.enable`);
    await page.send("Emulation.setDeviceMetricsOverride",
                    { width, height, deviceScaleFactor: 1, mobile });
    await page.send("Page.navigate", { url: pathToFileURL(`${folder}/index.html`).href });
    await page.until("document.readyState == 'complete' && location.protocol == 'file:'");
    return page;
  }
  async value(expression) {
    const { result, exceptionDetails } = await this.send("Runtime.evaluate",
      { expression, returnByValue: true, awaitPromise: true });
    if (exceptionDetails) throw new Error(exceptionDetails.exception.description);
    return result.value;
  }
  async until(expression) {
    for (const end = Date.now() + 30000; !await this.value(expression);) {
      if (Date.now() > end) throw new Error(`the page never came to: ${expression}`);
      await new Promise(done => setTimeout(done, 10));
    }
  }
  text(id) { return this.value(`document.getElementById("${id}").innerText`); }
  /// Presses what a selector names, by the mouse.
  async press(selector) {
    const at = await this.value(`(() => {
      const box = document.querySelector(${JSON.stringify(selector)}).getBoundingClientRect();
      return { x: box.left + box.width / 2, y: box.top + box.height / 2 }; })()`);
    for (const type of ["mousePressed", "mouseReleased"])
      await this.send("Input.dispatchMouseEvent", { type, ...at, button: "left", clickCount: 1 });
  }
  /// Chooses a file: what the page says of it, "" if it shows forecasts.
  async choose(path) {
    const { root } = await this.send("DOM.getDocument");
    const { nodeId } = await this.send("DOM.querySelector", { nodeId: root.nodeId, selector: "#file" });
    // The answer to the file before is not one to this.
    await this.value("document.getElementById('result').hidden = " +
                     "document.getElementById('message').hidden = true");
    await this.send("DOM.setFileInputFiles", { nodeId, files: [path] });
    return this.answer();
  }
  async answer() {
    await this.until("['result', 'message'].some(id => !document.getElementById(id).hidden)");
    return await this.value("document.getElementById('message').hidden") ? "" : this.text("message");
  }
  async shoot(path) {
    const { data } = await this.send("Page.captureScreenshot");
    writeFileSync(path, Buffer.from(data, "base64"));
  }
}

const table = text => {
  const [header, ...rows] = text.trim().split("\n").map(line => line.split(","));
  return rows.map(row => Object.fromEntries(header.map((name, i) => [name, row[i]])));
};
const wanted = table(readFileSync(forecastsFile, "utf8"));
/// Compares what a page shows with `ravel run`, for the days that it shows.
async function compare(page, wanted) {
  const link = await page.value("document.getElementById('download').href");
  const found = table(decodeURIComponent(link.slice(link.indexOf(",") + 1)));
  assert.equal(found.length, wanted.length);
  wanted.slice(0, -1).forEach((day, i) => assert.equal(found[i].date, day.date));
  const apart = Math.max(...wanted.map((day, i) => Math.abs(day.forecast - found[i].forecast)));
  const known = wanted.slice(0, -1), squares = known.map(day => (day.forecast - day.value) ** 2);
  const error = Math.sqrt(squares.reduce((a, b) => a + b) / known.length);
  const shown = await page.text("rmse");
  console.log(`web: ${known.length} days in Chromium: RMSE ${shown}, of ravel run ` +
              `${error.toFixed(3)} °C; at most ${apart.toExponential(0)} °C apart; ` +
              `${await page.text("time")} each`);
  assert(Math.abs(parseFloat(shown) - error) < 0.001 && apart < 1e-4);
}

// The sample.
const year = wanted.filter(day => !day.date || day.date >= "2015");
let page = await Page.open(1200, 800);
await page.press("#sample");
assert.equal(await page.answer(), "");
await compare(page, year);
assert.equal(await page.text("next"), "1 Jan 2016");
await page.shoot(`${folder}/page.png`);

// The chart.
const points = () => page.value(
  "document.querySelector('path.forecast').getAttribute('d').match(/[ML]/g).length");
assert.equal(await points(), 366);
await page.press("#ranges button:last-child");
assert.equal(await points(), 30);
await page.press("#chart svg");
assert.match(await page.text("read"), /^1\d Dec 2015: measured [\d.]+ °C, forecast [\d.]+ °C$/);

// Files.
assert.equal(await page.choose(daysFile), "");
await compare(page, wanted);
const file = (name, content) => {
  writeFileSync(`${scratch}/${name}`, content);
  return `${scratch}/${name}`;
};
for (const [name, content, message] of [
  ["empty.csv", "", "The file is empty"],
  ["picture.png", readFileSync(`${folder}/page.png`), "This is no CSV file"],
  ["prose.txt", "It was warm.\nThen it rained.",
   "lacks the column “date” (or “day”, “month” and “year”) and the column “value”"],
  ["rain.csv", "date,rain\n2015-01-01,3", "lacks the column “value”"],
  ["header.csv", "date,value\n", "The file has 0 days; a forecast takes 28"],
  ["two.csv", "date,value\n2015-01-01,3\n2015-01-02,4", "The file has 2 days"],
  ["february.csv", "date,value\n2015-02-30,3", "Row 1: “2015-02-30” is no date"],
  ["warm.csv", "date,value\n2015-01-01,3\n2015-01-02,warm", "Row 2: “warm” is no temperature"],
  ["hole.csv", "date,value\n2015-01-01,3\n2015-01-02,", "Row 2: the temperature is missing"],
  ["turned.csv", "date,value\n2015-01-02,3\n2015-01-01,4", "days must be in order"],
  ["html.csv", "<img src=x onerror=alert()>,value\n", "<img src=x onerror=alert()>"],
]) {
  const said = await page.choose(file(name, content));
  assert(said.startsWith(`${name}: `) && said.includes(message), `of ${name}: ${said}`);
  assert(await page.value("document.getElementById('result').hidden"));
}
const rows = Array.from({ length: 28 }, (_, i) => `2016-02-${i + 1},${i % 7 - 3}\n`).join("");
assert.equal(await page.choose(file("short.csv", "date,value\n" + rows)), "");
assert.equal(await page.text("next"), "29 Feb 2016");
assert.match(await page.text("note"), /^28 days, .* too few to compare/);
assert.equal(await page.choose(file("gap.csv", "date,value\n2015-12-01,3\n" + rows)), "");
assert.match(await page.text("note"), /missing in 1 place;/);
console.log("web: wrong files get a message");

// A file that is dropped.
await page.value(`(() => {
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File(["a,b\\n"], "dropped.csv"));
  document.body.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
})()`);
await page.until("document.getElementById('message').innerText.startsWith('dropped.csv: The file lacks')");
await page.close();

// A phone.
page = await Page.open(390, 1100, true);
await page.press("#sample");
assert.equal(await page.answer(), "");
assert.equal(await page.value("document.documentElement.scrollWidth"), 390);
await page.shoot(`${folder}/phone.png`);
await page.close();

assert.deepEqual(mistakes, []);
const loaded = requests.filter(url => !/^data:/.test(url)).map(url => basename(url));
assert.deepEqual(loaded, ["index.html", "index.html"], "the page loads nothing else");
finished = true;
await Promise.race([send("Browser.close"), gone]);
await gone;
rmSync(scratch, { recursive: true, force: true });
