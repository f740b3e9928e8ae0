// Draws the time axis.

import { make } from "./dom.js";

const KINDS = ["push", "refuse", "stop", "read", "sleep", "wake"];
const STEPS = 60;
const axis = {
    events: new Map(),
    group: make("svg:g"),
    now: make("svg:rect", { class: "now", height: 34 }),
};

/** Draws the time axis: a column a step, a line a kind. */
export function drawAxis(parent, view) {
    if (!axis.svg) {
        axis.svg = make("svg:svg", { height: 34, width: "100%" }, axis.now, axis.group);
        parent.append(axis.svg);
    }
    const first = Math.max(0, view.step - STEPS + 1);
    const pitch = axis.width / STEPS;
    const counts = new Map();
    const seen = new Set();
    for (const event of view.events) {
        const line = ["push", "refuse", "stop"].includes(event.kind)
            ? 8
            : event.kind === "read"
              ? 18
              : 28;
        const place = `${event.step} ${line}`;
        const nth = counts.get(place) ?? 0;
        counts.set(place, nth + 1);
        if (nth > 1) continue;
        const key = `${place} ${nth} ${event.kind} ${event.hue}`;
        seen.add(key);
        if (axis.events.has(key)) continue;
        const hue = ["push", "read"].includes(event.kind) ? `h${event.hue}` : "";
        const circle = make("svg:circle", {
            class: `event ${event.kind} ${hue}`,
            cx: (event.step + 0.5) * pitch,
            cy: line + nth * 3,
            r: Math.min(3, pitch / 2.2),
        });
        axis.events.set(key, circle);
        axis.group.append(circle);
    }
    for (const [key, circle] of axis.events) {
        if (!seen.has(key)) {
            circle.remove();
            axis.events.delete(key);
        }
    }
    axis.group.setAttribute("transform", `translate(${-first * pitch} 0)`);
    axis.now.setAttribute("x", (view.step - first) * pitch);
    axis.now.setAttribute("width", pitch);
    const totals = KINDS.map(
        (kind) => `${view.events.filter((e) => e.kind === kind).length} ${kind}`,
    );
    parent.setAttribute("aria-label", `Events of the last ${STEPS} steps: ${totals.join(", ")}`);
}

/** Fits the time axis into a width. */
export function fitAxis(parent) {
    axis.width = parent.clientWidth;
    axis.events.clear();
    axis.group.replaceChildren();
}
