// Rows that are far from the newest stand in blocks. A block that was drawn once has a size that the
// browser remembers, and is from then on laid out and painted only near the view (rows.css): ten
// thousand rows cost what is seen of them. One by one they would not: the browser asks of each thing that it
// may leave out, in every frame, whether it is near.

import { element } from "./parts.js";

const BLOCK_ROWS = 50;
const LOOSE_ROWS = 150; // so many of the newest stand in none

const isBlock = (node) => node?.classList.contains("rows-block") === true;
const blockOf = (node) => (isBlock(node.parentElement) ? node.parentElement : null);

// What stands directly above and below, be it in another block.
export function above(node) {
    const found = node.previousElementSibling ?? blockOf(node)?.previousElementSibling;
    return isBlock(found) ? found.lastElementChild : (found ?? null);
}

export function below(node) {
    const found = node.nextElementSibling ?? blockOf(node)?.nextElementSibling;
    return isBlock(found) ? found.firstElementChild : (found ?? null);
}

// Two frames: it must have been drawn before it may be left out.
function settle(block) {
    requestAnimationFrame(() => requestAnimationFrame(() => block.classList.add("rows-settled")));
    return block;
}

// A block above all else, still empty.
export function blockAbove(rows) {
    const block = element("div", "rows-block");
    rows.prepend(block);
    return settle(block);
}

// The oldest of those that stand in no block, once they are many. Not while the reader is among them.
export function gather(rows) {
    const blocks = rows.getElementsByClassName("rows-block");
    if (rows.childElementCount - blocks.length <= LOOSE_ROWS) {
        return;
    }
    const last = blocks[blocks.length - 1];
    const loose = [...rows.children].slice(blocks.length, blocks.length + BLOCK_ROWS);
    if (!loose.some((node) => node.contains(document.activeElement))) {
        const block = element("div", "rows-block");
        last ? last.after(block) : rows.prepend(block);
        block.append(...loose);
        settle(block);
    }
}

// All but the newest `count` or a few more, if there are many more.
export function trim(rows, count) {
    const blocks = [...rows.getElementsByClassName("rows-block")];
    let surplus = rows.childElementCount - blocks.length + blocks.reduce((sum, block) => sum + block.childElementCount, 0) - count;
    let trimmed = false;
    while (blocks.length > 0 && surplus >= blocks[0].childElementCount) {
        surplus -= blocks[0].childElementCount;
        blocks.shift().remove();
        trimmed = true;
    }
    return trimmed;
}
