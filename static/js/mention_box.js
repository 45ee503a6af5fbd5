// Where somebody begins to write a name: in any message box, room's, thread's or an edit's. The list of
// names comes with the first sign.

const BEGUN = /(?:^|[^\p{L}\p{N}/\\@=])@([^\n@]{0,32})$/u;

// The name that is begun before the cursor, and where its sign stands; null for none.
export function begunName(box) {
    const before = box.value.slice(0, box.selectionStart);
    const found = box.selectionStart === box.selectionEnd && BEGUN.exec(before);
    return found && !found[1].startsWith(" ") ? { text: found[1], at: before.length - found[1].length - 1 } : null;
}

export class MentionBox {
    // context: {api, room() → slug, here() → [{user_id, username}] who is in that room now, me: their id}
    constructor(context) {
        this.context = context;
        for (const kind of ["input", "compositionend"]) {
            document.addEventListener(kind, (event) => this.#typed(event));
        }
    }

    // An input method's half of a word is none yet.
    async #typed(event) {
        const box = event.target;
        if (box.localName !== "textarea" || event.isComposing || !(begunName(box) || this.list)) {
            return;
        }
        this.loading ??= import("./mention_list.js").catch(() => {
            this.loading = null; // with the next letter
        });
        const module = await this.loading;
        this.list ??= module && new module.MentionList(this.context);
        this.list?.update(box);
    }
}
