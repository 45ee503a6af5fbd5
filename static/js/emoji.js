// Where emoji are asked for: a button in the message box, and a reaction beyond the quick ones.

import { element, icon } from "./parts.js";
import { toast } from "./toast.js";

export async function pickEmoji(page, anchor) {
    try {
        const picker = await import("./emoji_picker.js");
        return await picker.pickEmoji(page, anchor);
    } catch {
        toast("The emoji could not be loaded.");
        return "";
    }
}

// In the place of what is selected, as if it had been typed.
export function insertText(box, text) {
    box.focus();
    box.setRangeText(text, box.selectionStart, box.selectionEnd, "end");
    box.dispatchEvent(new InputEvent("input", { bubbles: true }));
}

export function addEmojiButton(box, page) {
    const button = element("button", "icon-btn composer-emoji", icon("smile"), element("span", "visually-hidden", "Emoji"));
    button.type = "button";
    button.addEventListener("click", async () => {
        const emoji = await pickEmoji(page, button);
        if (emoji) {
            insertText(box, emoji);
        }
    });
    box.after(button);
}
