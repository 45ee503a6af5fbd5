// The page in the picker's frame (templates/emoji.mustache): it shows all emoji, and tells the page around
// it which one was chosen, or that none was.

import Picker from "../vendor/emoji/picker.js";

const EMOJI_VERSION = 14; // of 2021: what systems in use can show

const tell = (emoji) => parent.postMessage({ type: "emoji", emoji }, location.origin);

const picker = new Picker({ dataSource: document.body.dataset.source, emojiVersion: EMOJI_VERSION });
picker.addEventListener("emoji-click", ({ detail }) => detail.unicode && tell(detail.unicode));
document.addEventListener("keydown", (event) => event.key === "Escape" && !event.isComposing && tell(""));
document.body.append(picker);
picker.shadowRoot.querySelector("input")?.focus();
