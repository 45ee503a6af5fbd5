// Formatting by keyboard, in the message box and where a message is edited.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { onePerson } from "./lib.mjs";

let ana;
let close;

before(async () => {
    ({ ana, close } = await onePerson());
});
after(() => close?.());

const BOX = "#composer-text";

// Types a text and selects the part from…to of it.
async function select(text, from, to, box = BOX) {
    await ana.page.fill(box, text);
    await ana.page.focus(box);
    await ana.page.$eval(box, (node, [a, b]) => node.setSelectionRange(a, b), [from, to]);
}

// What is in the box, with | at both ends of the selection, or once for the cursor.
const state = (box = BOX) => ana.page.$eval(box, ({ value, selectionStart: a, selectionEnd: b }) =>
    `${value.slice(0, a)}|${value.slice(a, b)}${a === b ? "" : "|"}${value.slice(b)}`);

test("bold and italic go around what is selected, and away again", async () => {
    await select("buy crude now", 4, 9);
    await ana.page.keyboard.press("Control+b");
    assert.equal(await state(), "buy **|crude|** now");
    await ana.page.keyboard.press("Control+i");
    assert.equal(await state(), "buy **_|crude|_** now");
    await ana.page.keyboard.press("Control+i");
    await ana.page.keyboard.press("Control+b");
    assert.equal(await state(), "buy |crude| now");
    await select("", 0, 0);
    await ana.page.keyboard.press("Control+b");
    await ana.page.keyboard.type("x");
    assert.equal(await state(), "**x|**");
});

test("a link asks for what is missing", async () => {
    await select("see this", 4, 8);
    await ana.page.keyboard.press("Control+k");
    assert.equal(await state(), "see [this](https://|)");
    await select("https://a.example/x", 0, 19);
    await ana.page.keyboard.press("Control+k");
    assert.equal(await state(), "[|](https://a.example/x)");
});

test("what a key did can be undone", async () => {
    await ana.page.fill(BOX, "");
    await ana.page.focus(BOX);
    await ana.page.keyboard.type("crude");
    await ana.page.keyboard.press("Control+a");
    await ana.page.keyboard.press("Control+b");
    assert.equal(await ana.page.inputValue(BOX), "**crude**");
    await ana.page.keyboard.press("Control+z");
    assert.equal(await ana.page.inputValue(BOX), "crude");
});

test("within a block of code Enter ends the line, and behind it sends", async () => {
    await ana.page.fill(BOX, "");
    await ana.page.focus(BOX);
    for (const line of ["```py", "a = 1", "b = 2"]) {
        await ana.page.keyboard.type(line);
        await ana.page.keyboard.press("Enter");
    }
    assert.equal(await ana.page.inputValue(BOX), "```py\na = 1\nb = 2\n");
    await ana.page.keyboard.type("```");
    await ana.page.keyboard.press("Enter");
    await ana.page.locator('.msg:not([data-seq=""]) pre code', { hasText: "a = 1" }).waitFor();
    assert.equal(await ana.page.inputValue(BOX), "");
});

test("an input method keeps its keys, and rich text is pasted as text", async () => {
    await ana.page.fill(BOX, "");
    await ana.page.$eval(BOX, (box) => box.dispatchEvent(new KeyboardEvent("keydown", { key: "b", ctrlKey: true, isComposing: true })));
    assert.equal(await ana.page.inputValue(BOX), "");
    await ana.context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await ana.page.evaluate(() => navigator.clipboard.write([new ClipboardItem({
        "text/html": new Blob(["<b>bold</b> <img src=x>"], { type: "text/html" }),
        "text/plain": new Blob(["bold"], { type: "text/plain" }),
    })]));
    await ana.page.focus(BOX);
    await ana.page.keyboard.press("Control+v");
    await ana.page.waitForFunction(() => document.getElementById("composer-text").value === "bold");
    await ana.page.fill(BOX, "");
});

test("an edit has the same keys", async () => {
    await ana.say("edited later");
    await ana.sees("edited later");
    await ana.page.press(BOX, "ArrowUp");
    await select("edited later", 0, 6, ".edit-text");
    await ana.page.keyboard.press("Control+b");
    await ana.page.press(".edit-text", "Enter");
    await ana.page.waitForSelector('.msg-text:has(strong:text-is("edited"))');
    assert.deepEqual(ana.faults, []);
});
