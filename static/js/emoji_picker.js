// A window with all emoji. The picker itself is in a frame with a policy of its own, and may tell this page
// one emoji and nothing else. Loaded when it is first opened.

import { openDialog } from "./dialog.js";
import { element } from "./parts.js";
import { loadStyle } from "./style.js";

const LONGEST = 40; // UTF-16 units
const EMOJI = /^(?=.*(\p{Extended_Pictographic}|\p{Regional_Indicator}|\u20E3))[\p{Emoji}\p{Emoji_Component}]+$/u;

const isEmoji = (text) => typeof text === "string" && text.length <= LONGEST && EMOJI.test(text);

// page: the address of the chat. The emoji, or "" where none was chosen.
export async function pickEmoji(page, anchor) {
    await loadStyle("emoji");
    const frame = element("iframe", "emoji-frame");
    frame.title = "Emoji";
    frame.src = `${page}emoji/`;
    const dialog = openDialog("emoji", "Choose an emoji", [frame], anchor);
    const listener = ({ source, origin, data }) => {
        if (source === frame.contentWindow && origin === location.origin && data?.type === "emoji") {
            dialog.close(isEmoji(data.emoji) ? data.emoji : "");
        }
    };
    addEventListener("message", listener);
    const chosen = await dialog.closed;
    removeEventListener("message", listener);
    return chosen;
}
