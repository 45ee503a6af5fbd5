// The line above a reply that shows what it answers; a link to it.

import { element } from "./parts.js";

const REMOVED = "This message was removed.";
const LOST = "In reply to a message that is no longer here";
const HIDDEN = "In reply to somebody you ignore";

function fill(line, { username, excerpt, deleted }) {
    const author = element("bdi", "quote-author", username);
    const text = element("span", "quote-text", deleted ? REMOVED : excerpt);
    text.dir = "auto";
    line.replaceChildren(element("span", "visually-hidden", "In reply to "), author, " ", text);
}

// message.quote, or reply_to alone where nothing is known of it any more.
export function showQuote(row, message) {
    row.querySelector(".msg-quote")?.remove();
    if (message.deleted || !message.reply_to) {
        return;
    }
    const shown = message.quote && !message.quote.hidden;
    const line = element(shown ? "a" : "span", "msg-quote", message.quote ? HIDDEN : LOST);
    if (shown) {
        const { id, seq, user_id: author } = message.quote;
        Object.assign(line.dataset, { id, author });
        line.href = row.querySelector(".msg-more").getAttribute("href").replace(/\/m\/\d*\/#m\d*$/, `/m/${id}/#m${seq}`);
        fill(line, message.quote);
    }
    row.prepend(line);
}

// A message was edited or removed: so are the lines that quote it.
export function updateQuotes(rows, id, { excerpt, deleted }) {
    for (const line of rows.querySelectorAll(`.msg-quote[data-id="${CSS.escape(id)}"]`)) {
        if (deleted || excerpt !== undefined) {
            fill(line, { username: line.querySelector(".quote-author").textContent, excerpt, deleted });
        }
    }
}
