// One message's row: filled from a message object, or adopted from the server's page.

import { showFiles } from "./files.js";
import { readMarkup } from "./markup.js";
import { linkMentions, mentionsReader } from "./mention.js";
import { element, part } from "./parts.js";
import { showQuote } from "./quote.js";
import { adoptReactions, showReactions } from "./reactions.js";
import { initial } from "./text.js";
import { clockTime, wholeTime } from "./time.js";

const REMOVED = "This message was removed.";

export const rowSeq = (row) => Number(row.dataset.seq);
export const rowTime = (row) => Number(row.dataset.time);
const texts = new WeakMap(); // what each row says, as it was written
export const rowText = (row) => texts.get(row) ?? row.querySelector(".msg-text").textContent;
export const reword = (row, change) => texts.set(row, change(rowText(row)));
export const isPending = (row) => row.dataset.seq === "";

function setTime(row, ms) {
    const time = row.querySelector(".msg-time");
    row.dataset.time = ms;
    time.dateTime = new Date(ms).toISOString();
    time.textContent = clockTime(ms);
    time.title = wholeTime(ms);
}

// Where the message has a page of its own. The arrow keys lead to the row, so Tab need not.
function setLink(row) {
    const link = row.querySelector(".msg-more");
    link.tabIndex = -1;
    link.setAttribute("href", link.getAttribute("href").replace(/\/m\/\d*\/#m\d*$/, `/m/${row.dataset.id}/#m${row.dataset.seq}`));
}

// What one wrote oneself is no news, to a screen reader neither.
function keepQuiet(row, mine) {
    if (mine) {
        row.setAttribute("aria-live", "off");
    }
}

// me: the reader's id, which marks their own; undefined for nobody
export function fillRow(row, message, mine, me) {
    row.dataset.seq = message.seq;
    row.dataset.id = message.id;
    row.dataset.user = message.user_id;
    row.dataset.client = message.client_id ?? "";
    row.querySelector(".avatar").dataset.initial = initial(message.username);
    row.querySelector(".msg-author").textContent = message.username;
    row.querySelector(".msg-state")?.remove();
    setLink(row);
    row.classList.remove("msg-pending", "msg-failed");
    row.classList.toggle("msg-mine", mine);
    keepQuiet(row, mine);
    setTime(row, message.timestamp);
    setBody(row, message, me);
    showQuote(row, message);
    showFiles(row, message.attachments ?? []);
    showReactions(row, message.reactions ?? [], me);
    showReplies(row, message.replies ?? 0);
}

// How many replies its thread has, as the way to it.
export function showReplies(row, count) {
    const more = row.querySelector(".msg-more");
    const link = row.querySelector(".msg-replies") ?? element("a", "msg-replies");
    link.setAttribute("aria-live", "off");
    link.href = more.getAttribute("href").replace(/\/m\/(\d*)\/#m\d*$/, "/t/$1/");
    link.textContent = count === 1 ? "1 reply" : `${count} replies`;
    if (count > 0) {
        more.before(link);
    } else {
        link.remove();
    }
}

export function setBody(row, message, me) {
    const text = row.querySelector(".msg-text");
    row.classList.toggle("msg-gone", message.deleted === true);
    row.dataset.rev = message.rev ?? row.dataset.rev;
    if (message.deleted) {
        showQuote(row, message);
        showFiles(row, []);
        showReactions(row, []);
    }
    texts.set(row, message.deleted ? "" : message.message);
    const html = !message.deleted && message.html;
    text.replaceChildren((html && readMarkup(html)) || (message.deleted ? REMOVED : message.message));
    linkMentions(row, me);
    row.classList.toggle("msg-called", !message.deleted && row.dataset.user !== String(me) && mentionsReader(message, me));
    if (message.edited_at && !row.querySelector(".msg-edited")) {
        row.querySelector(".msg-head").append(" ", element("span", "msg-edited", "edited"));
    }
}

export function newRow(message, mine, me) {
    const row = part("msg");
    fillRow(row, message, mine, me);
    return row;
}

// The row stays as the server sent it, but for the reader's own clock.
export function adoptRow(row, me) {
    const text = row.querySelector(".msg-text");
    texts.set(row, text.dataset.text ?? text.textContent);
    delete text.dataset.text;
    setTime(row, rowTime(row));
    setLink(row);
    adoptReactions(row, me);
    keepQuiet(row, row.classList.contains("msg-mine"));
    row.querySelectorAll(".msg-acts").forEach((forms) => forms.remove()); // the forms of a page without scripts
}

// A message that is on its way: grey, without a number.
export function pendingRow(entry, me) {
    const row = part("msg");
    fillRow(row, { ...entry, seq: "", id: "", user_id: me.id, username: me.username, timestamp: entry.at, message: entry.text }, true);
    row.removeAttribute("id");
    showPending(row, entry);
    return row;
}

const button = (action, label) => {
    const made = element("button", "", label);
    made.type = "button";
    made.dataset.action = action;
    return made;
};

// entry.state: "queued" | "sending" | "sent" | "failed"; entry.note says why it waits or failed.
export function showPending(row, entry) {
    const failed = entry.state === "failed";
    row.classList.toggle("msg-failed", failed);
    row.classList.toggle("msg-pending", !failed && entry.state !== "sent");
    row.querySelector(".msg-state")?.remove();
    if (failed) {
        const why = element("span", "", entry.note ?? "Not sent.");
        const state = element("div", "msg-state", why, button("retry", "Try again"), button("discard", "Discard"));
        state.setAttribute("role", "alert");
        row.append(state);
    } else if (entry.note) {
        row.append(element("div", "msg-state", entry.note));
    }
}
