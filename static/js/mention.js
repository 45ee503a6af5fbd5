// Whom a message mentions: the reader, or others, as links to who they are.

export const mentionsReader = ({ mentions = [], mentions_all: all }, me) =>
    me !== undefined && (all === true || mentions.some(({ user_id: id }) => id === me));

// The markup says who; the row knows where people have their pages. Everybody has none.
export function linkMentions(row, me) {
    const page = row.querySelector(".msg-more").getAttribute("href").replace(/\/m\/.*$/, "/u/");
    for (const found of row.querySelectorAll("span.mention")) {
        const id = Number(found.dataset.user);
        const shown = id === 0 ? found : document.createElement("a");
        shown.className = id === me || id === 0 ? "mention mention-me" : "mention";
        if (shown !== found) {
            shown.href = `${page}${id}/`;
            shown.dataset.user = id;
            shown.append(...found.childNodes);
            found.replaceWith(shown);
        }
    }
}
