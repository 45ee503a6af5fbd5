// Where emoji are asked for: a button in the message box, and a reaction beyond the quick ones.

import { insertText } from "./format.js";
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
