// What this browser keeps of a person (what was not sent, drafts, replies begun, a guest's name) does not
// outlive that person's stay: it goes when they leave, and when somebody else is here, in every tab.

const KEPT = ["out:", "draft:", "reply:", "upload:"];
const PICKER = "emoji-picker-element-en"; // which emoji were used most; what else is in it comes again by itself

function forgetEmoji() {
    try {
        indexedDB.deleteDatabase(PICKER);
    } catch {
        // The browser keeps nothing.
    }
}

// owner: a user's id, or "nobody". left: they said goodbye. moved(): another tab has another person now.
export function forgetFormer(store, owner, { left = false, moved }) {
    const before = store.get("who");
    if (left) {
        forgetEmoji();
        [...KEPT, "name", "who"].forEach((start) => store.drop(start, () => true));
    } else if (owner !== "nobody" && before !== owner) {
        forgetEmoji();
        KEPT.forEach((start) => store.drop(start, (key) => !key.startsWith(`${start}${owner}:`)));
        store.set("who", owner);
    }
    addEventListener("storage", ({ key, storageArea }) => {
        if (storageArea === store.storage && store.names(key, "who") && owner !== "nobody" && store.get("who") !== owner) {
            store.close();
            moved();
        }
    });
}
