// Elements of the page: made, written and kept where they exist.

const SVG = "http://www.w3.org/2000/svg";

/** Makes an element with attributes and children. */
export function make(name, attributes = {}, ...children) {
    const element = name.startsWith("svg:")
        ? document.createElementNS(SVG, name.slice(4))
        : document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
        if (value !== undefined && value !== false) element.setAttribute(key, value);
    }
    element.append(...children);
    return element;
}

/** Sets a text if it has changed. */
export function setText(element, text) {
    if (element.textContent !== text) element.textContent = text;
}

/** Draws buttons, and keeps those that exist, so that the focus stays. */
export function drawControls(parent, controls, click) {
    controls.forEach((control, n) => {
        let button = parent.children[n];
        if (!button) {
            button = make("button", { type: "button" });
            button.addEventListener("click", () => click(button.dataset.act, button));
            parent.append(button);
        }
        button.dataset.act = control.act;
        setText(button, control.label);
        const hint = `${control.label}: ${control.hint}`;
        if (button.title !== control.hint) {
            button.title = control.hint;
            button.setAttribute("aria-label", hint);
        }
        if (control.on === null) button.removeAttribute("aria-pressed");
        else button.setAttribute("aria-pressed", control.on);
        // Stays focusable, so that the keyboard does not lose its place.
        button.setAttribute("aria-disabled", control.off);
    });
    while (parent.children.length > controls.length) parent.lastChild.remove();
}
