// The page: reads the address, runs the clock, forwards clicks, and draws each snapshot.

import { command, load } from "./crates.js";
import { drawAxis, fitAxis } from "./axis.js";
import { drawControls, make, setText } from "./dom.js";
import { clearLanes, drawLanes, layOut, setOrigin } from "./lanes.js";
import { bounce, still } from "./motion.js";

const by = (id) => document.getElementById(id);
const STEP = 700; // milliseconds of a step at speed 1

const LONG_RUN = 1000; // steps

let view;
let playing = !still.matches;
let timer;
let lines = [];

/** Shows a snapshot. */
function show(next) {
    const before = view;
    view = next;
    if (before?.scene !== next.scene) {
        clearLanes();
        setText(by("title"), next.title);
        setText(by("caption"), next.caption);
        by("chapter").href = document.body.dataset.book + next.chapter;
        for (const tab of by("tabs").children) {
            if (tab.dataset.scene === next.scene) {
                tab.setAttribute("aria-current", "page");
                by("tabs").scrollLeft = tab.offsetLeft - by("tabs").offsetLeft - 40;
            } else tab.removeAttribute("aria-current");
        }
        document.title = `${next.title} · aiter playground`;
    }
    drawControls(by("controls"), next.controls, click);
    drawCounts(next.counts);
    drawLanes(by("lanes"), next.lanes, click);
    if (before?.scene !== next.scene) setOrigin(by("controls").querySelector("[data-act^=push]"));
    drawAxis(by("axis"), next);
    drawCode(next.code);
    setText(
        by("now"),
        next.replay ? `step ${next.step}, replays ${next.replay} more` : `step ${next.step}`,
    );
    const isNew =
        next.refusal &&
        next.refusal.number !== before?.refusal?.number &&
        before?.scene === next.scene;
    if (isNew) bounce(next.refusal, by("controls").querySelector("[data-act^=push]"));
    setText(
        by("refusal"),
        next.refusal ? `‘${next.refusal.letter}’ is refused: ${next.refusal.text}` : "",
    );
}

function drawCounts(counts) {
    const parent = by("counts");
    counts.forEach(({ name, value }, n) => {
        const pair =
            parent.children[n] ?? parent.appendChild(make("div", {}, make("dt"), make("dd")));
        pair.dataset.count = name;
        setText(pair.children[0], name);
        setText(pair.children[1], String(value));
    });
    while (parent.children.length > counts.length) parent.lastChild.remove();
}

/** Draws the program. Lines that are the same stay, and new ones are marked. */
function drawCode(code) {
    const next = code.trimEnd().split("\n");
    const parent = by("code");
    next.forEach((line, n) => {
        const span = parent.children[n] ?? parent.appendChild(make("span", { class: "line" }));
        if (lines[n] === line) return;
        span.textContent = `${line}\n`;
        // The two last lines close the function.
        span.className = lines.length && n < next.length - 2 ? "line new" : "line";
    });
    while (parent.children.length > next.length) parent.lastChild.remove();
    lines = next;
}

function click(act, button) {
    if (button?.getAttribute("aria-disabled") === "true") return;
    show(command(act));
}

function start() {
    const address = new URLSearchParams(location.hash.slice(1));
    const seed = Number.parseInt(address.get("seed") ?? "1", 10) || 1;
    lines = [];
    by("code").replaceChildren();
    clearLanes();
    view = undefined;
    show(command(`scene ${address.get("scene") ?? "list"} ${seed}`));
    by("seed").value = view.seed;
}

function go(scene, seed) {
    location.hash = `scene=${scene}&seed=${seed}`;
}

/** Moves on by one step. A long run pauses, because its program grows in a forgotten tab. */
function tick() {
    if (document.hidden) return;
    show(command("tick"));
    if (view.step % LONG_RUN === 0) play(false);
}

function play(on) {
    playing = on;
    setText(by("play"), on ? "pause" : "play");
    by("play").setAttribute("aria-label", on ? "pause: stop the clock" : "play: let the clock run");
    clearInterval(timer);
    if (on) timer = setInterval(tick, STEP / Number(by("speed").value));
}

function listen() {
    addEventListener("hashchange", start);
    by("play").addEventListener("click", () => play(!playing));
    by("step").addEventListener("click", () => {
        play(false);
        show(command("tick"));
    });
    by("replay").addEventListener("click", () => {
        lines = [];
        clearLanes();
        show(command("replay"));
        play(true);
    });
    by("speed").addEventListener("change", () => play(playing));
    by("seed").addEventListener("change", () => go(view.scene, by("seed").value));
    by("copy").addEventListener("click", async () => {
        await navigator.clipboard.writeText(view.code);
        setText(by("copy"), "copied");
        setTimeout(() => setText(by("copy"), "copy"), 1500);
    });
    new ResizeObserver(() => {
        layOut();
        setOrigin(by("controls").querySelector("[data-act^=push]"));
        fitAxis(by("axis"));
        drawAxis(by("axis"), view);
    }).observe(by("axis"));
}

await load("aiter_playground.wasm");
for (const { name, title } of command("scenes")) {
    by("tabs").append(make("a", { href: `#scene=${name}&seed=1`, "data-scene": name }, title));
}
by("loading").remove();
by("main").hidden = by("time").hidden = false;
fitAxis(by("axis"));
start();
listen();
play(playing);
performance.mark("drawn");
// For tests: the snapshot of the crates, and commands without the clock.
window.playground = { command: (text) => show(command(text)), view: () => command("view") };
