// Somebody is called otherwise: rows, quotes and mentions as a page that is loaded now has them.

import { reword } from "./rows.js";
import { initial } from "./text.js";

// The lists of rows, or of pins, that are on the page.
export function rename(list, { target_id: id, username }) {
    for (const row of list.querySelectorAll(`.msg[data-user="${id}"]`)) {
        row.querySelector(".msg-author").textContent = username;
        row.querySelector(".avatar").dataset.initial = initial(username);
    }
    for (const author of list.querySelectorAll(`[data-author="${id}"] .quote-author`)) {
        author.textContent = username;
    }
    for (const mention of list.querySelectorAll(`.mention[data-user="${id}"]`)) {
        const [before, now] = [mention.textContent, `@${username}`];
        const row = mention.closest(".msg");
        mention.textContent = now;
        reword(row, (text) => text.replaceAll(before, now));
        for (const quote of document.querySelectorAll(`[data-id="${row.dataset.id}"] :is(.quote-text, .pin-text)`)) {
            quote.textContent = quote.textContent.replaceAll(before, now);
        }
    }
}
