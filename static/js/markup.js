// The server's HTML of a message into nodes. It is written by one program (chat/markup.c) in one way, so it is read
// as such: a few elements, five entities. Nothing here is parsed as HTML, and what is not known makes no node.

const ELEMENTS = new Set(["p", "br", "strong", "em", "del", "code", "pre", "blockquote", "ul", "ol", "li", "a", "span"]);
const ENTITIES = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'" };
const PIECE = /<(\/?)([a-z]+)((?: [a-z-]+="[^"<>]*")*)>|[^<]+/gy;
const PERSON = /^[0-9]{1,16}$/;
const ADDRESS = /^(https?:\/\/|mailto:)/i;

const plain = (text) => text.replace(/&(amp|lt|gt|quot|#39);/g, (_, name) => ENTITIES[name]);

function make(name, attributes) {
    const made = document.createElement(name);
    const given = Object.fromEntries([...attributes.matchAll(/([a-z-]+)="([^"]*)"/g)].map(([, key, value]) => [key, plain(value)]));
    if (name === "a" && ADDRESS.test(given.href)) {
        made.href = given.href;
        made.rel = "nofollow noopener noreferrer";
        made.target = "_blank";
        if (given.title) {
            made.title = given.title;
        }
    } else if (name === "ol" && given.start) {
        made.start = Number(given.start);
    } else if (name === "span" && PERSON.test(given["data-user"])) {
        made.className = "mention";
        made.dataset.user = given["data-user"];
    }
    return made;
}

// A fragment; null where it is not what the server writes.
export function readMarkup(html) {
    const root = document.createDocumentFragment();
    let [at, open] = [0, root];
    for (const [piece, end, name, attributes] of html.matchAll(PIECE)) {
        at += piece.length;
        if (name === undefined) {
            open.append(plain(piece));
        } else if (end && open.localName === name) {
            open = open.parentNode;
        } else if (!end && ELEMENTS.has(name)) {
            const made = make(name, attributes);
            open.append(made);
            open = name === "br" ? open : made;
        } else {
            return null;
        }
    }
    return at === html.length && open === root ? root : null;
}
