// Clicks through the playground in Chromium and compares what is drawn with the snapshot of the
// crates. Usage: node drive.mjs SITE SHOTS, with the folder of playwright-core in PLAYWRIGHT.

import assert from "node:assert/strict";
import fs from "node:fs";
import http from "node:http";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";

const { chromium } = createRequire(`${process.env.PLAYWRIGHT}/`)("playwright-core");
const [site, shots] = process.argv.slice(2).map((folder) => path.resolve(folder));
const TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".wasm": "application/wasm",
};
const PATIENCE = 300_000; // milliseconds, for a machine that does much else
const BLOCK = 16; // slots of a block on a 32-bit target

const server = http.createServer((request, response) => {
    const name = new URL(request.url, "http://localhost").pathname.replace(/\/$/, "/index.html");
    fs.readFile(path.join(site, name), (error, bytes) => {
        const type = TYPES[path.extname(name)] ?? "application/octet-stream";
        response.writeHead(error ? 404 : 200, {
            "content-type": type,
            "cache-control": "no-store",
        });
        response.end(bytes);
    });
});
await new Promise((done) => server.listen(0, "127.0.0.1", done));
const address = `http://127.0.0.1:${server.address().port}/`;
const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: process.getuid() === 0 ? ["--no-sandbox"] : [],
});
const messages = [];
let compared = 0;

/** Opens a scene in a fresh context. */
async function open(scene, options = {}) {
    const context = await browser.newContext({
        viewport: { width: 1440, height: 900 },
        ...options,
    });
    context.setDefaultTimeout(PATIENCE);
    const page = await context.newPage();
    page.on("console", (message) => messages.push(message.text()));
    page.on("pageerror", (error) => messages.push(error.message));
    page.on("requestfailed", (request) => messages.push(request.url()));
    page.on(
        "response",
        (response) => response.ok() || messages.push(`${response.status()} ${response.url()}`),
    );
    await page.goto(`${address}#scene=${scene}&seed=1`);
    await page.waitForFunction(() => performance.getEntriesByName("drawn").length);
    return page;
}

/** Compares each number, marble, mark and line that is drawn with the snapshot. */
async function compare(page, place) {
    const { drawn, view } = await page.evaluate(() => {
        const texts = (selector, root = document) =>
            [...root.querySelectorAll(selector)].map((e) => e.textContent);
        const lanes = [...document.querySelectorAll(".lane")].map((lane) => ({
            id: lane.dataset.lane,
            total: Number(lane.dataset.total),
            note: lane.querySelector(".note").textContent,
            letters: texts(".marble > text", lane),
            held: lane.querySelectorAll(".marble:not(.gone)").length,
            marks: texts(".mark > text:not(.z)", lane),
            sleeping: texts(".mark.sleeps > text:not(.z)", lane),
            sleeps: lane.querySelector(".state").textContent.startsWith("sleeps"),
            buttons: texts(".controls button", lane),
        }));
        const counts = [...document.querySelectorAll("#counts div")].map((e) => [
            e.children[0].textContent,
            Number(e.children[1].textContent),
        ]);
        const code = document.getElementById("code").textContent.trimEnd();
        return {
            drawn: { lanes, counts, code, refusal: document.getElementById("refusal").textContent },
            view: window.playground.view(),
        };
    });
    assert.deepEqual(
        drawn.counts,
        view.counts.map(({ name, value }) => [name, value]),
        `${place}: counts`,
    );
    assert.equal(drawn.code, view.code.trimEnd(), `${place}: program`);
    if (view.refusal) assert.ok(drawn.refusal.endsWith(view.refusal.text), `${place}: refusal`);
    assert.deepEqual(
        drawn.lanes.map((lane) => lane.id),
        view.lanes.map((lane) => lane.id),
        `${place}: lanes`,
    );
    view.lanes.forEach((lane, n) => {
        const seen = drawn.lanes[n];
        const where = `${place}: ${lane.id}`;
        assert.equal(seen.total, lane.total, where);
        assert.equal(seen.note, lane.note, where);
        assert.equal(seen.sleeps, lane.state === "sleeps", where);
        // Marks and marbles are drawn in the order in which they came.
        const sorted = (list) => [...list].sort();
        assert.deepEqual(sorted(seen.marks), sorted(lane.marks.map((mark) => mark.name)), where);
        assert.deepEqual(
            sorted(seen.sleeping),
            sorted(lane.marks.filter((m) => m.sleeps).map((m) => m.name)),
            where,
        );
        assert.deepEqual(
            seen.buttons,
            lane.controls.map((control) => control.label),
            where,
        );
        if (lane.form === "list") {
            assert.equal(seen.held, lane.marbles.filter((marble) => marble.held).length, where);
            assert.deepEqual(
                sorted(seen.letters),
                sorted(lane.marbles.map((m) => m.letter)),
                where,
            );
            if (lane.block) assert.equal((lane.end - lane.total) % BLOCK, 0, `${where}: blocks`);
        } else {
            const newest = lane.marbles.slice(lane.marbles.length - seen.letters.length);
            assert.deepEqual(sorted(seen.letters), sorted(newest.map((m) => m.letter)), where);
        }
        compared += 1;
    });
    return view;
}

const pause = (page) => page.getByRole("button", { name: "pause" }).click();
const button = (page, act) => page.locator(`button[data-act="${act}"]`);
const count = (view, name) => view.counts.find((each) => each.name === name).value;

/** Push, fork, see both; stop; a refused push. */
async function driveList() {
    const page = await open("list");
    await pause(page);
    const before = await compare(page, "start");
    await button(page, "push").click();
    assert.equal(count(await compare(page, "push"), "pushed"), count(before, "pushed") + 1);
    await button(page, "fork B").click();
    let view = await compare(page, "fork");
    assert.equal(count(view, "cursors"), count(before, "cursors") + 1);
    for (const name of ["B", "C"]) await button(page, `next ${name}`).click();
    view = await compare(page, "next");
    const last = (name) =>
        view.lanes.find((lane) => lane.id === `reader-${name}`).marbles.at(-1).letter;
    assert.equal(last("B"), last("C"), "a cursor and its fork read the same item");
    await button(page, "subscribe").click();
    await button(page, "next D").click();
    view = await compare(page, "sleep");
    assert.equal(count(view, "waiting") >= 1, true);
    const wakes = (v) => v.lanes.find((lane) => lane.id === "reader-D").wakes;
    const slept = wakes(view);
    await button(page, "push").click();
    view = await compare(page, "wake");
    assert.equal(wakes(view), slept + 1, "the push wakes the cursor");
    await button(page, "share B").click();
    await button(page, "taker B").first().click();
    await button(page, "next B2").click();
    await compare(page, "share");
    await button(page, "stop").click();
    await button(page, "push").click();
    await page.locator(".ball").waitFor({ state: "attached" });
    view = await compare(page, "refused");
    assert.equal(view.refusal.text, "the list is stopped");
    await page.locator(".ball").waitFor({ state: "detached" });
    await page.context().close();
}

/** Clicks each button of a scene, with the keyboard every other time. */
async function driveScene(scene) {
    const page = await open(scene);
    await pause(page);
    await compare(page, scene);
    const ends = /^(stop|drop|close|cut|end) ?/;
    for (const round of [1, 2, 3]) {
        const acts = await page
            .locator("button[data-act]")
            .evaluateAll((all) => all.map((b) => b.dataset.act));
        for (const act of acts.sort((a, b) => ends.test(a) - ends.test(b))) {
            const target = button(page, act).first();
            if (!(await target.count()) || (round < 3 && ends.test(act))) continue;
            if (round === 2) {
                await target.focus();
                await page.keyboard.press("Enter");
            } else await target.evaluate((element) => element.click());
            await compare(page, `${scene}: ${act}`);
        }
        for (let n = 0; n < 4; n++) await page.getByRole("button", { name: /^step/ }).click();
        await compare(page, `${scene}: step`);
    }
    await page.getByRole("button", { name: /^replay/ }).click();
    await pause(page);
    await compare(page, `${scene}: replay`);
    await page.context().close();
}

/** The contrast of each text with what is behind it, and of each letter with its marble. */
function contrasts() {
    const parse = (color) => {
        const numbers = color.match(/[\d.]+/g).map(Number);
        const scale = color.startsWith("color(") ? 255 : 1;
        return [...numbers.slice(0, 3).map((n) => n * scale), numbers[3] ?? 1];
    };
    const light = ([r, g, b]) =>
        [r, g, b]
            .map((c) => c / 255)
            .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
            .reduce((sum, c, n) => sum + c * [0.2126, 0.7152, 0.0722][n], 0);
    const ratio = (a, b) =>
        (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
    const behind = (element) => {
        for (let at = element; at; at = at.parentElement) {
            const back = parse(getComputedStyle(at).backgroundColor);
            if (back[3] === 1) return back;
        }
        return parse(getComputedStyle(document.documentElement).backgroundColor);
    };
    const poor = [];
    for (const element of document.querySelectorAll("body *")) {
        const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
        const box = element.getBoundingClientRect();
        const style = getComputedStyle(element);
        if (
            !own ||
            !box.width ||
            style.opacity === "0" ||
            ["SCRIPT", "OPTION"].includes(element.tagName)
        )
            continue;
        const isText = element instanceof SVGElement;
        const circle = isText && element.previousElementSibling;
        const fill = circle && getComputedStyle(circle);
        const isSolid = fill?.fillOpacity === "1" && circle.tagName === "circle";
        const front = parse(isText ? style.fill : style.color);
        const found = ratio(front, isSolid ? parse(fill.fill) : behind(element));
        if (found < 4.5) poor.push(`${element.outerHTML.slice(0, 60)} ${found.toFixed(2)}`);
    }
    return poor;
}

/** Looks at each scene in both widths and both themes. */
async function look(scenes) {
    for (const [width, height] of [
        [360, 780],
        [1440, 900],
    ]) {
        for (const colorScheme of ["light", "dark"]) {
            const page = await open(scenes[0], {
                viewport: { width, height },
                colorScheme,
                reducedMotion: "reduce",
            });
            for (const scene of scenes) {
                await page.locator(`#tabs a[data-scene=${scene}]`).click();
                await page.waitForFunction(
                    (name) => window.playground.view().scene === name,
                    scene,
                );
                await page.getByRole("button", { name: /^step/ }).evaluate((step) => {
                    for (let n = 0; n < 12; n++) step.click();
                });
                const view = await compare(page, `${scene} ${width}`);
                assert.equal(view.step, 12, "with reduced motion the clock must wait for clicks");
                const overflow = await page.evaluate(
                    () => document.documentElement.scrollWidth - innerWidth,
                );
                assert.ok(overflow <= 0, `${scene} is ${overflow} pixels too wide at ${width}`);
                assert.deepEqual(
                    await page.evaluate(contrasts),
                    [],
                    `${scene} ${width} ${colorScheme}: contrast`,
                );
                await page.screenshot({
                    path: path.join(shots, `${scene}-${width}-${colorScheme}.png`),
                    fullPage: width < 500,
                });
            }
            await page.context().close();
        }
    }
}

/** Each control has a name, and the keyboard reaches it with a visible focus. */
async function checkNames() {
    const page = await open("list");
    await pause(page);
    const nameless = await page
        .locator("button, a, input, select")
        .evaluateAll((all) =>
            all
                .filter(
                    (e) =>
                        !(
                            e.getAttribute("aria-label") ||
                            e.textContent.trim() ||
                            e.labels?.[0]?.textContent.trim()
                        ),
                )
                .map((e) => e.outerHTML),
        );
    assert.deepEqual(nameless, [], "each control must have a name");
    const total = await page.locator("button, a, input, select, pre").count();
    const reached = new Set();
    await page.evaluate(() => document.body.focus());
    for (let n = 0; n < total + 5; n++) {
        await page.keyboard.press("Tab");
        reached.add(
            await page.evaluate(() => {
                const element = document.activeElement;
                if (element === document.body) return "";
                if (getComputedStyle(element).outlineStyle === "none")
                    return `no outline: ${element.outerHTML}`;
                const name = element.id || element.dataset.act || element.getAttribute("href");
                return `${element.tagName} ${name}`;
            }),
        );
    }
    reached.delete("");
    assert.deepEqual(
        [...reached].filter((name) => name.startsWith("no outline")),
        [],
    );
    assert.equal(reached.size, total, "the keyboard must reach each control");
    await page.context().close();
}

/** Compares a time with its bar, unless other programs keep the machine busy. */
function bar(time, limit, text) {
    const load = os.loadavg()[0];
    if (time < limit) return;
    if (load <= os.cpus().length + 1) assert.fail(text);
    console.log(`at a load of ${load.toFixed(1)} the bar does not count: ${text}`);
}

/** The time of a cold load until the first marble is drawn. */
async function measureLoad() {
    const times = [];
    for (let n = 0; n < 5; n++) {
        const page = await open("list");
        assert.ok(await page.locator(".marble").count());
        times.push(await page.evaluate(() => performance.getEntriesByName("drawn")[0].startTime));
        await page.context().close();
    }
    const median = times.toSorted((a, b) => a - b)[2];
    console.log(
        `cold load until the first marble: ${times.map((t) => `${Math.round(t)} ms`).join(", ")}`,
    );
    bar(median, 1000, "the first marble must be drawn within a second");
}

/** The time between frames with 200 marbles and 20 cursors, while the clock runs. */
async function measureFrames() {
    const page = await open("list");
    await pause(page);
    await page.evaluate(() => {
        const { command } = window.playground;
        command("auto");
        for (let n = 0; n < 18; n++) command("fork A");
        for (const name of "ACDEFGHIJKLMNOPQRST") command(`run ${name}`);
        for (let n = 0; n < 200; n++) command("push");
    });
    const view = await compare(page, "200 marbles");
    assert.ok(count(view, "retained") >= 200 && count(view, "cursors") === 20);
    await page.getByRole("combobox", { name: "speed" }).selectOption("2");
    await page.getByRole("button", { name: /^play/ }).click();
    const frames = await page.evaluate(
        () =>
            new Promise((done) => {
                const times = [];
                let last;
                requestAnimationFrame(function frame(now) {
                    if (last) times.push(now - last);
                    last = now;
                    if (times.length < 240) requestAnimationFrame(frame);
                    else done(times.sort((a, b) => a - b));
                });
            }),
    );
    const at = (part) => frames[Math.floor(frames.length * part)].toFixed(1);
    console.log(
        `frames with 200 marbles and 20 cursors: median ${at(0.5)} ms, 95% within ${at(0.95)} ms`,
    );
    bar(at(0.5), 17.5, "the median frame must be one of 60 a second");
    await page.context().close();
}

try {
    fs.mkdirSync(shots, { recursive: true });
    await measureLoad();
    await measureFrames();
    await driveList();
    await checkNames();
    const first = await open("list");
    const scenes = await first
        .locator("#tabs a")
        .evaluateAll((all) => all.map((a) => a.dataset.scene));
    await first.context().close();
    for (const scene of scenes) await driveScene(scene);
    await look(scenes);
    assert.deepEqual(messages, [], "the console must stay empty");
    console.log(
        `${scenes.length} scenes, ${compared} rows compared with the crates, no console message`,
    );
    console.log(`screenshots: ${shots}`);
} finally {
    await browser.close();
    server.close();
}
