// Text into nodes. Nothing here parses markup: strings only ever become text nodes and link targets.

const LINK = /https?:\/\/[^\s<>"]+/g;

// The sentence's punctuation is not part of an address; a closing bracket is where it was opened.
function trimmed(address) {
    let end = address.length;
    while (end > 0) {
        const last = address[end - 1];
        const opened = last === ")" && address.slice(0, end).includes("(");
        if (opened || !".,;:!?')]}…".includes(last)) {
            break;
        }
        end--;
    }
    return address.slice(0, end);
}

function link(address) {
    const a = document.createElement("a");
    a.href = address;
    a.rel = "noopener noreferrer nofollow";
    a.target = "_blank";
    a.textContent = address;
    return a;
}

// Web addresses in `text` as [{text, href?}]; an address is only what URL() takes for http(s).
export function pieces(text) {
    const found = [];
    let from = 0;
    for (const match of text.matchAll(LINK)) {
        const address = trimmed(match[0]);
        if (!URL.canParse?.(address) || match.index < from) {
            continue;
        }
        found.push({ text: text.slice(from, match.index) }, { text: address, href: address });
        from = match.index + address.length;
    }
    found.push({ text: text.slice(from) });
    return found.filter((piece) => piece.text !== "");
}

export function setText(element, text) {
    const nodes = pieces(text).map((piece) => (piece.href ? link(piece.href) : piece.text));
    element.replaceChildren(...nodes);
}

export const initial = (name) => ([...name][0] ?? "?").toLocaleUpperCase();

export const countChars = (text) => [...text].length;
