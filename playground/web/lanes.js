// Draws the lanes of a snapshot. Each position on the screen is computed from an index of the
// snapshot; no count is made here.

import { drawControls, make, setText } from "./dom.js";
import { flash, fly, still } from "./motion.js";

const rows = new Map(); // id of the lane -> its elements
let isMeasured = false; // the rows are where they were when they were measured
let flown = new Map(); // id of a marble -> where it was drawn last, on the page

/** Draws all lanes into `parent`. */
export function drawLanes(parent, lanes, click) {
    const seen = new Set();
    lanes.forEach((lane, n) => {
        let row = rows.get(lane.id);
        if (!row) {
            rows.set(lane.id, (row = makeRow(lane)));
            isMeasured = false;
        }
        if (parent.children[n] !== row.element)
            parent.insertBefore(row.element, parent.children[n] ?? null);
        seen.add(lane.id);
        drawRow(row, lane, click);
    });
    measure();
    for (const lane of lanes) place(rows.get(lane.id), lane, true);
    for (const [id, row] of rows) {
        if (!seen.has(id)) {
            row.element.remove();
            rows.delete(id);
            isMeasured = false;
        }
    }
}

/** Forgets all lanes. */
export function clearLanes() {
    for (const row of rows.values()) row.element.remove();
    rows.clear();
    flown = new Map();
}

/** Draws all lanes again, for a new width. */
export function layOut() {
    isMeasured = false;
    measure();
    for (const row of rows.values()) place(row, row.lane, false);
}

/** The place at which the next pushed marble starts. */
export function setOrigin(element) {
    if (!element) return;
    const box = element.getBoundingClientRect();
    flown.set("origin", {
        x: box.x + scrollX + box.width / 2,
        y: box.y + scrollY + box.height / 2,
    });
}

function makeRow(lane) {
    const parts = {
        badge: make("b", { class: "badge" }),
        title: make("span", { class: "title" }),
        state: make("span", { class: "state" }),
        note: make("span", { class: "note" }),
        blocks: make("svg:g"),
        marbles: make("svg:g"),
        marks: make("svg:g"),
        controls: make("div", {
            class: "controls",
            role: "group",
            "aria-label": lane.badge || lane.title,
        }),
    };
    const svg = make("svg:svg", { role: "img" }, parts.blocks, parts.marbles, parts.marks);
    const about = make(
        "div",
        { class: "about" },
        parts.badge,
        parts.title,
        parts.state,
        parts.note,
    );
    const canvas = make("div", { class: "canvas" }, svg);
    const element = make(
        "div",
        { class: `lane ${lane.form}`, "data-lane": lane.id },
        about,
        canvas,
        parts.controls,
    );
    return { element, svg, canvas, ...parts, drawn: new Map(), pins: new Map(), wakes: lane.wakes };
}

function drawRow(row, lane, click) {
    row.lane = lane;
    setText(row.badge, lane.badge);
    setText(row.title, lane.title);
    setText(row.note, lane.note);
    const states = { sleeps: "sleeps (z)", ended: "ended", busy: "busy", idle: "" };
    setText(row.state, states[lane.state] ?? "");
    row.element.dataset.state = lane.state;
    row.element.dataset.total = lane.total;
    if (lane.wakes > row.wakes) flash(row.badge, 1);
    row.wakes = lane.wakes;
    const letters = lane.marbles.filter((marble) => marble.held || lane.form !== "list");
    row.svg.setAttribute(
        "aria-label",
        `${lane.badge || lane.title}: ${letters.map((m) => m.letter).join(" ") || "empty"}`,
    );
    drawControls(row.controls, lane.controls, click);
}

/** Reads where each row is, if that has changed. */
function measure() {
    if (isMeasured) return;
    isMeasured = true;
    for (const row of rows.values()) {
        const { x, y, width } = row.canvas.getBoundingClientRect();
        [row.space, row.base] = [Math.floor(width), { x: x + scrollX, y: y + scrollY }];
    }
}

/** The slots of a lane: where each index lies, and how large a marble is. */
function grid(lane, width) {
    if (lane.form !== "list") {
        const pitch = width < 420 ? 24 : 28;
        const fits = Math.max(1, Math.floor((width - 4) / pitch));
        const shown = lane.marbles.slice(-fits);
        const first = shown[0]?.at ?? 0;
        // All marbles move at once, by `shift`.
        const at = (n) => [(n + 0.5) * pitch + 2, pitch / 2 + 2];
        return { shown, pitch, height: pitch + 4, shift: first * pitch, at };
    }
    // Without blocks, a line holds as many slots as fit.
    const wide = width < 420 ? 26 : 34;
    const block = lane.block || Math.floor((width - 12) / wide);
    const blocks = lane.block ? Math.max(1, Math.min(4, Math.floor(width / (block * 22)))) : 1;
    const pitch = lane.block ? Math.min(38, (width - 12 * blocks) / (block * blocks)) : wide;
    const line = pitch + (lane.marks.length ? 38 : 12);
    const across = block * blocks;
    const behind = Math.max(0, ...lane.marks.map((mark) => mark.at + 1));
    const slots = Math.max(lane.end + lane.room, behind) - lane.start;
    const at = (n) => {
        const slot = n - lane.start;
        const column = slot % across;
        const gap = Math.floor(column / block) * 12 + 6;
        return [column * pitch + pitch / 2 + gap, Math.floor(slot / across) * line + pitch / 2 + 4];
    };
    const lines = Math.max(lane.block ? 1 : 0, Math.ceil(slots / across));
    return {
        shown: lane.marbles,
        pitch,
        line,
        across,
        block,
        height: lines * line + 4,
        shift: 0,
        at,
    };
}

function place(row, lane, moves) {
    const width = row.space;
    if (!width) return;
    const slots = grid(lane, width);
    if (row.height !== slots.height || row.width !== width) {
        row.svg.setAttribute("width", width);
        row.svg.setAttribute("height", slots.height);
        [row.height, row.width] = [slots.height, width];
        isMeasured = false;
    }
    if (lane.form === "list") placeBlocks(row, lane, slots);
    placeMarbles(row, lane, slots, moves && !still.matches);
    placeMarks(row, lane, slots, moves);
}

function placeBlocks(row, lane, { pitch, block, at }) {
    const outlines = [];
    if (lane.block) {
        const end = Math.max(lane.end + lane.room, lane.start + 1);
        for (let first = lane.start; first < end; first += block)
            outlines.push([first, block, "block"]);
    }
    for (let n = 0; n < lane.room; n++) outlines.push([lane.end + n, 1, "room"]);
    const held = lane.end - lane.total;
    outlines.forEach(([first, length, name], n) => {
        const [x, y] = at(first);
        const rect = row.blocks.children[n] ?? row.blocks.appendChild(make("svg:rect", {}));
        const gone = name === "block" && first + length <= held;
        const inset = name === "room" ? 4 : 0;
        const box = {
            x: x - pitch / 2 - 2 + inset,
            y: y - pitch / 2 - 2 + inset,
            width: length * pitch + 4 - 2 * inset,
            height: pitch + 4 - 2 * inset,
            rx: pitch / 2 + 2 - inset,
            class: gone ? "block gone" : name,
        };
        for (const key in box) {
            const value = String(box[key]);
            if (rect.getAttribute(key) !== value) rect.setAttribute(key, value);
        }
    });
    while (row.blocks.children.length > outlines.length) row.blocks.lastChild.remove();
}

function placeMarbles(row, lane, { shown, pitch, shift, at }, moves) {
    const radius = Math.max(3, pitch / 2 - (pitch > 20 ? 3 : 1.5));
    const seen = new Set();
    const { base } = row;
    if (row.shift !== shift) {
        row.marbles.setAttribute("transform", `translate(${-shift} 0)`);
        row.shift = shift;
    }
    for (const marble of shown) {
        seen.add(marble.id);
        const [x, y] = at(marble.at);
        let drawn = row.drawn.get(marble.id);
        const isNew = !drawn;
        if (isNew) {
            drawn = makeMarble(marble);
            row.drawn.set(marble.id, drawn);
            row.marbles.append(drawn.element);
        }
        const { element } = drawn;
        const state =
            !marble.held && lane.form === "list" ? "gone" : marble.unread ? "unread" : "read";
        if (drawn.state !== state) {
            element.setAttribute(
                "class",
                `marble h${marble.hue} ${lane.form === "list" ? state : ""}`,
            );
            drawn.state = state;
        }
        if (drawn.radius !== radius) {
            drawn.circle.setAttribute("r", radius);
            drawn.text.style.fontSize = `${Math.min(15, radius * 1.15)}px`;
            drawn.radius = radius;
        }
        if (drawn.part !== marble.part) {
            drawPart(drawn, marble.part, radius, lane.form === "work");
        }
        const to = `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px)`;
        if (drawn.to !== to) {
            element.style.transform = to;
            drawn.to = to;
        }
        if (isNew && moves) {
            const from =
                flown.get(marble.id) ?? (lane.form === "list" ? flown.get("origin") : undefined);
            fly(element, from && [from.x - base.x + shift, from.y - base.y], to);
        }
        if (lane.form !== "track" || isNew) {
            flown.set(marble.id, { x: base.x + x - shift, y: base.y + y });
        }
    }
    for (const [id, drawn] of row.drawn) {
        if (!seen.has(id)) {
            row.drawn.delete(id);
            drawn.element.remove();
        }
    }
}

function makeMarble(marble) {
    const circle = make("svg:circle");
    const text = make("svg:text", {}, marble.letter);
    return { element: make("svg:g", {}, circle, text), circle, text };
}

/** A ring that closes while the work of a marble goes on. */
function drawPart(drawn, part, radius, isWork) {
    drawn.part = part;
    if (!isWork) return;
    drawn.ring ??= drawn.element.appendChild(
        make("svg:circle", { class: "ring", pathLength: 100 }),
    );
    drawn.ring.setAttribute("r", radius + 1.5);
    drawn.ring.setAttribute("stroke-dasharray", `${part} 100`);
}

function placeMarks(row, lane, { pitch, at }, moves) {
    const places = new Map();
    for (const mark of lane.marks) places.set(mark.at, (places.get(mark.at) ?? 0) + 1);
    const used = new Map();
    const seen = new Set();
    for (const mark of lane.marks) {
        seen.add(mark.name);
        let pin = row.pins.get(mark.name);
        if (!pin) {
            const text = make("svg:text", { y: 18 }, mark.name);
            const sleep = make("svg:text", { class: "z", x: 9, y: 8 }, "z");
            pin = {
                element: make("svg:g", {}, make("svg:path", { d: "M0 0L7 8H-7Z" }), text, sleep),
                wakes: mark.wakes,
            };
            row.pins.set(mark.name, pin);
            row.marks.append(pin.element);
        }
        const count = places.get(mark.at);
        const nth = used.get(mark.at) ?? 0;
        used.set(mark.at, nth + 1);
        const spread = Math.min(18, 54 / count);
        const [x, y] = at(mark.at);
        const left = (x + (nth - (count - 1) / 2) * spread).toFixed(1);
        const to = `translate(${left}px, ${(y + pitch / 2 + 5).toFixed(1)}px)`;
        if (pin.to !== to) {
            pin.element.style.transform = to;
            pin.to = to;
        }
        const state = mark.sleeps ? "mark sleeps" : "mark";
        if (moves && mark.wakes > pin.wakes) flash(pin.element.firstChild, 2);
        if (pin.state !== state) {
            pin.element.setAttribute("class", state);
            pin.state = state;
        }
        pin.wakes = mark.wakes;
    }
    for (const [name, pin] of row.pins) {
        if (!seen.has(name)) {
            pin.element.remove();
            row.pins.delete(name);
        }
    }
}
