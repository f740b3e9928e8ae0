// Motion: what flies, flashes and bounces. Nothing moves if the visitor prefers reduced motion.

import { make } from "./dom.js";

export const still = matchMedia("(prefers-reduced-motion: reduce)");

/** Lets an element start at a place of its row, or grow, and move to where it is. */
export function fly(element, from, to) {
    const start = from
        ? `translate(${from[0].toFixed(1)}px, ${from[1].toFixed(1)}px)`
        : `${to} scale(0)`;
    element.animate([{ transform: start }, { transform: to }], {
        duration: 380,
        easing: "cubic-bezier(.2,.8,.3,1)",
    });
}

/** Lets an element flash for a wake-up. */
export function flash(element, scale) {
    if (still.matches) return;
    const flashes = { background: "#f5b301", fill: "#f5b301", color: "#1d2127", scale };
    element.animate([flashes, {}], { duration: 900, easing: "ease-out" });
}

/** Shows a refused marble: it leaves the button, meets the end of the list and comes back. */
export function bounce(refusal, button) {
    const list = document.querySelector(".lane.list svg");
    if (still.matches || !button || !list) return;
    const from = button.getBoundingClientRect();
    const to = list.getBoundingClientRect();
    const ball = make(
        "span",
        { class: `ball h${refusal.hue}`, "aria-hidden": "true" },
        refusal.letter,
    );
    document.body.append(ball);
    const dx = to.x + to.width - from.x - 40;
    const dy = to.y + 16 - from.y;
    ball.style.left = `${from.x + scrollX}px`;
    ball.style.top = `${from.y + scrollY}px`;
    const end = `translate(${Math.min(dx, 320)}px, ${dy}px)`;
    const flight = ball.animate(
        [
            { transform: "none" },
            { transform: end, offset: 0.45 },
            { transform: `${end} scale(.8)`, offset: 0.5 },
            { transform: "translate(0, -8px)", offset: 0.9 },
            { transform: "none", opacity: 0 },
        ],
        { duration: 900, easing: "ease-in-out" },
    );
    flight.onfinish = () => ball.remove();
}
