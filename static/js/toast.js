// A word that passes: why something did not work, or that it did.

import { element } from "./parts.js";

const SHOWN_MS = 6000;

let line = null;
let timer = null;

export function toast(text) {
    line ??= element("p", "toast-line");
    line.setAttribute("role", "status");
    if (!line.isConnected) {
        document.body.append(line);
    }
    line.textContent = text;
    clearTimeout(timer);
    timer = setTimeout(() => {
        line.textContent = "";
    }, SHOWN_MS);
}
