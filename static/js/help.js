// The window that lists the keys.

import { button, openDialog } from "./dialog.js";
import { element } from "./parts.js";
import { loadStyle } from "./style.js";

const mac = navigator.platform.startsWith("Mac");
const ctrl = (key) => (mac ? `⌘ ${key}` : `Ctrl ${key}`);
const KEYS = [
    ["Anywhere", [
        [[ctrl("K"), "/"], "search messages"],
        [["Shift Page Up"], "to the first unread message"],
        [["?"], "this list"],
        [["Tab", "Shift Tab"], "to the next and the previous control"],
        [["Esc"], "close a window, leave the rows"],
    ]],
    ["In the message box", [
        [["Enter"], "send"],
        [["Shift Enter"], "begin a new line"],
        [[ctrl("B"), ctrl("I")], "bold, italic; once more takes it away"],
        [[ctrl("K")], "make a link of what is selected; in an empty box, search"],
        [["↑"], "edit your newest message, while the box is empty"],
    ]],
    ["In the list of messages", [
        [["↑", "↓"], "from message to message"],
        [["Enter"], "what can be done with it: reply, react, edit …"],
        [["Page Up", "Page Down"], "scroll"],
        [["Esc"], "back to the message box"],
    ]],
];

// Words that keys are shown as, one after the other.
function keysOf(keys) {
    return keys.flatMap((key, i) => [...(i ? [" or "] : []), element("kbd", "", key)]);
}

function section([title, keys]) {
    const items = keys.flatMap(([names, means]) => [element("dt", "", ...keysOf(names)), element("dd", "", means)]);
    return element("section", "help-part", element("h3", "help-title", title), element("dl", "help-keys", ...items));
}

export async function open() {
    const close = button("Close");
    await loadStyle("help");
    const heading = element("h2", "help-heading", "Keyboard");
    const dialog = openDialog("help", "Keyboard", [heading, ...KEYS.map(section), element("div", "sheet-buttons", close)]);
    close.addEventListener("click", () => dialog.close());
    close.focus();
    await dialog.closed;
}
