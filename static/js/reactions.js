// The reactions under a message: one button for each emoji with its count, pressed where the reader is
// among them.

import { element } from "./parts.js";

export const QUICK = ["👍", "❤️", "😂", "🚀", "📈", "📉"];

const NAMED = 10;

const lists = new WeakMap(); // row → [{emoji, count, user_ids}]
const own = new WeakMap(); // row → emoji → whether the reader's is there, where the list does not say

const listOf = (row) => lists.get(row) ?? [];
const same = (a, b) => a.replaceAll("\uFE0F", "") === b.replaceAll("\uFE0F", "");

export const reactionOf = (row, emoji) => listOf(row).find((one) => same(one.emoji, emoji));

export function isOwn(row, emoji, me) {
    const one = reactionOf(row, emoji);
    return one !== undefined && (one.user_ids.includes(me) || (one.count > one.user_ids.length && own.get(row)?.get(one.emoji) === true));
}

export function noteOwn(row, emoji, on) {
    own.set(row, (own.get(row) ?? new Map()).set(emoji, on));
}

// The server's own markup of them.
export function adoptReactions(row, me) {
    const found = [...row.querySelectorAll(".msg-reactions .chip")].map(({ dataset }) => ({
        emoji: dataset.emoji,
        count: Number(dataset.count),
        user_ids: dataset.users.split(" ").filter(Boolean).map(Number),
    }));
    if (found.length > 0) {
        showReactions(row, found, me);
    }
}

export function showReactions(row, list, me) {
    lists.set(row, list);
    let box = row.querySelector(".msg-reactions");
    if (list.length === 0) {
        box?.remove();
        return;
    }
    if (!box) {
        box = element("p", "msg-reactions");
        box.setAttribute("aria-live", "off");
        row.querySelector(".msg-line").after(box);
    }
    const focused = box.contains(document.activeElement) ? document.activeElement.dataset.emoji : null;
    box.replaceChildren(...list.map((one) => chip(row, one, me)));
    if (focused) {
        [...box.children].find((made) => made.dataset.emoji === focused)?.focus();
    }
}

function chip(row, { emoji, count, user_ids }, me) {
    const made = element("button", "chip", element("span", "chip-emoji", emoji), ` ${count}`);
    made.type = "button";
    made.dataset.emoji = emoji;
    made.disabled = me === undefined;
    made.setAttribute("aria-pressed", String(isOwn(row, emoji, me)));
    made.title = who(user_ids, count, me);
    return made;
}

// Names as far as the page knows them.
function who(ids, count, me) {
    const names = [];
    for (const id of ids) {
        const row = document.querySelector(`.msg[data-user="${id}"] .msg-author`);
        const name = id === me ? "you" : row?.textContent;
        if (name && names.length < NAMED) {
            names.push(name);
        }
    }
    const more = count - names.length;
    if (more > 0) {
        names.push(names.length > 0 ? `${more} more` : more === 1 ? "1 person" : `${more} people`);
    }
    return new Intl.ListFormat("en").format(names);
}
