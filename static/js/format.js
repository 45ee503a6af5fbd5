// Formatting by keyboard around what is selected: Ctrl+B bold, Ctrl+I italic, Ctrl+K a link; once more takes it
// away again.

const MARKS = { b: "**", i: "_" };
const ADDRESS = /^(https?:\/\/|mailto:)\S+$/i;

// In the place of what is selected, as if it had been typed: it can be undone.
export function insertText(box, text) {
    box.focus();
    if (!document.execCommand("insertText", false, text)) {
        box.setRangeText(text, box.selectionStart, box.selectionEnd, "end");
        box.dispatchEvent(new InputEvent("input", { bubbles: true }));
    }
}

function wrap(box, mark) {
    const { value, selectionStart: from, selectionEnd: to } = box;
    const around = value.slice(from - mark.length, from) === mark && value.slice(to, to + mark.length) === mark;
    const text = value.slice(from, to);
    if (around) {
        box.setSelectionRange(from - mark.length, to + mark.length);
        insertText(box, text);
        box.setSelectionRange(from - mark.length, to - mark.length);
    } else {
        insertText(box, mark + text + mark);
        box.setSelectionRange(from + mark.length, to + mark.length);
    }
}

// The cursor goes where something is missing: the text or the address.
function link(box) {
    const { value, selectionStart: from, selectionEnd: to } = box;
    const text = value.slice(from, to);
    const isAddress = ADDRESS.test(text);
    insertText(box, isAddress ? `[](${text})` : `[${text}](https://)`);
    const at = isAddress || text === "" ? from + 1 : from + text.length + "[](https://".length;
    box.setSelectionRange(at, at);
}

export function formatByKeyboard(box) {
    box.addEventListener("keydown", (event) => {
        const key = event.key.toLowerCase();
        if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey || event.isComposing || !(key in MARKS || key === "k")) {
            return;
        }
        if (key === "k" && box.value === "") {
            return; // nothing to make a link of: that key searches then, as everywhere else
        }
        event.preventDefault();
        if (key === "k") {
            link(box);
        } else {
            wrap(box, MARKS[key]);
        }
    });
}

// Within a block of code that is not closed yet, Enter is the end of a line.
export function isInCode(box) {
    const above = box.value.slice(0, box.selectionStart).split("\n");
    return above.filter((line) => line.startsWith("```") && !line.slice(3).includes("`")).length % 2 === 1;
}
